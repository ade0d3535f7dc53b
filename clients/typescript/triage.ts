// Triages one ticket with the generated types, and prints its category.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { argv: string[]; exit(code: number): never };

const client = createClient<paths>({ baseUrl: process.argv[2] });
const { data, error } = await client.POST("/v1/triage", {
  body: { ticket: { subject: "VPN drops every ten minutes", body: "Since the update this morning." } },
});
if (!data) {
  console.error(error);
  process.exit(1);
}
console.log(data.predictions["category"]?.label);
