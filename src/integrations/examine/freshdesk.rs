//! Freshdesk: who asks (<https://developers.freshdesk.com/api/#me>), and the ticket fields
//! (<https://developers.freshdesk.com/api/#list_all_ticket_fields>).

use serde_json::Value;

use super::{Asked, Checks, Good, Note, Verdict, Wrong, unread};

/// The field that the interface calls `type` is listed under this name.
const TYPE: &str = "ticket_type";

pub(super) async fn examine(asked: &Asked<'_>, checks: &mut Checks) {
    match asked.rest.get("/api/v2/agents/me", "the agent").await {
        Ok(agent) => checks.add("freshdesk credentials", self::agent(&agent)),
        Err(trouble) => return checks.add("freshdesk credentials", unread(&trouble, false)),
    }
    let answer = match asked.rest.get("/api/v2/ticket_fields", "the fields").await {
        Ok(answer) => answer,
        Err(trouble) => return checks.add("freshdesk fields", unread(&trouble, true)),
    };
    let fields = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let find = |name: &str| fields.iter().find(|field| field["name"] == name);
    for (setting, name) in asked.wording.fields() {
        let verdict = match find(if name == "type" { TYPE } else { name }) {
            None => Wrong(format!("there is no field {name}; those of the site begin with cf_")),
            Some(field) => asked.options(setting, name, &choices(&field["choices"])),
        };
        checks.add(format!("freshdesk {setting}"), verdict);
    }
    let verdict = match find("priority") {
        None => Note("its field is not listed".to_owned()),
        Some(field) => {
            let numbers =
                field["choices"].as_object().map(|map| map.values().map(Value::to_string).collect());
            asked.priorities(&numbers.unwrap_or_else(|| ["1", "2", "3", "4"].map(str::to_owned).to_vec()))
        }
    };
    checks.add("freshdesk priority", verdict);
}

fn agent(agent: &Value) -> Verdict {
    match agent["ticket_scope"].as_u64() {
        Some(1) => Good("are good, of an agent who sees all tickets and may write private notes".to_owned()),
        Some(_) => Note("are good, of an agent who sees only some tickets (ticket_scope)".to_owned()),
        None => Wrong("belong to nobody who is an agent".to_owned()),
    }
}

/// The choices of a field, which Freshdesk writes as a list or as a map; of dependent fields the first level.
fn choices(choices: &Value) -> Vec<String> {
    match choices {
        Value::Array(list) => list.iter().filter_map(|choice| choice.as_str().map(str::to_owned)).collect(),
        Value::Object(map) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
