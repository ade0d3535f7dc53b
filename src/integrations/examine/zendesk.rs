//! Zendesk: who asks (<https://developer.zendesk.com/api-reference/ticketing/users/users/#show-self>), and the ticket
//! fields (<https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/>).

use serde_json::Value;

use super::{Asked, Checks, Good, Note, Verdict, Wrong, unread};
use crate::integrations::write_back::field_options;

/// The `role_type` of a light agent, who may write notes and change nothing else.
const LIGHT: u64 = 1;

pub(super) async fn examine(asked: &Asked<'_>, checks: &mut Checks) {
    match asked.rest.get("/api/v2/users/me.json", "the user").await {
        Ok(answer) => checks.add("zendesk credentials", user(&answer["user"])),
        Err(trouble) => return checks.add("zendesk credentials", unread(&trouble, false)),
    }
    for (setting, field) in asked.wording.fields() {
        let what = format!("zendesk {setting}");
        match asked.rest.get(&format!("/api/v2/ticket_fields/{field}.json"), "the field").await {
            Err(trouble) => checks.add(what, unread(&trouble, false)),
            Ok(answer) if answer["ticket_field"]["active"] == false => {
                checks.add(what, Wrong(format!("the field {field} is not active; activate it in Zendesk")));
            }
            Ok(answer) => {
                let options = field_options(&answer["ticket_field"]);
                // An option is known by its name and by its tag.
                let names: Vec<String> =
                    options.into_iter().flat_map(|option| [option.name, option.value]).collect();
                checks.add(what, asked.options(setting, field, &names));
            }
        }
    }
    match asked.rest.get("/api/v2/ticket_fields.json", "the fields").await {
        Ok(answer) => checks.add("zendesk priority", priority(asked, &answer)),
        Err(trouble) => checks.add("zendesk priority", unread(&trouble, true)),
    }
}

/// To somebody unknown Zendesk answers 200 with a visitor.
fn user(user: &Value) -> Verdict {
    match user["role"].as_str() {
        Some("admin" | "agent") if user["role_type"].as_u64() == Some(LIGHT) => Wrong(
            "they belong to a light agent, who can set no fields; use those of an agent".to_owned(),
        ),
        Some(role @ ("admin" | "agent")) => match user["ticket_restriction"].as_str() {
            Some(restriction) => Note(format!("are good, of a user with the role {role}, who sees only some tickets ({restriction})")),
            None => Good(format!("are good, of a user with the role {role}, who may write internal notes")),
        },
        _ => Wrong("are not known to Zendesk, which answers as to a visitor; check integrations.zendesk.api.user and .token".to_owned()),
    }
}

fn priority(asked: &Asked<'_>, fields: &Value) -> Verdict {
    let fields = fields["ticket_fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(field) = fields.iter().find(|field| field["type"] == "priority") else {
        return Note("its field is not among the first ones that Zendesk lists".to_owned());
    };
    if field["active"] == false {
        return Wrong("its field is not active; activate it in Zendesk".to_owned());
    }
    let options = field["system_field_options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known: Vec<String> =
        options.iter().filter_map(|option| option["value"].as_str().map(str::to_owned)).collect();
    if known.is_empty() { Good("its field is active".to_owned()) } else { asked.priorities(&known) }
}
