//! Zammad: who asks (<https://docs.zammad.org/en/latest/api/user.html>), the fields of tickets
//! (<https://docs.zammad.org/en/latest/api/object.html>, which needs `admin.object`), and the priorities
//! (<https://docs.zammad.org/en/latest/api/ticket/priorities.html>).

use serde_json::Value;

use super::{Asked, Checks, Good, Verdict, Wrong, unread};

pub(super) async fn examine(asked: &Asked<'_>, checks: &mut Checks) {
    match asked.rest.get("/api/v1/users/me?expand=true", "the user").await {
        Ok(user) => checks.add("zammad credentials", self::user(&user)),
        Err(trouble) => return checks.add("zammad credentials", unread(&trouble, false)),
    }
    if asked.wording.fields().next().is_some() {
        fields(asked, checks).await;
    }
    match asked.rest.get("/api/v1/ticket_priorities", "the priorities").await {
        Err(trouble) => checks.add("zammad priority", unread(&trouble, true)),
        Ok(answer) => {
            let known = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            let known: Vec<String> = known
                .iter()
                .filter(|priority| priority["active"] != false)
                .filter_map(|priority| priority["name"].as_str().map(str::to_owned))
                .collect();
            checks.add("zammad priority", asked.priorities(&known));
        }
    }
}

async fn fields(asked: &Asked<'_>, checks: &mut Checks) {
    let answer = match asked.rest.get("/api/v1/object_manager_attributes", "the fields").await {
        Ok(answer) => answer,
        Err(trouble) => return checks.add("zammad fields", unread(&trouble, true)),
    };
    let attributes = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    for (setting, field) in asked.wording.fields() {
        let here = |attribute: &&Value| attribute["object"] == "Ticket" && attribute["name"] == field;
        let verdict = match attributes.iter().find(here) {
            None => Wrong(format!("tickets have no field {field}; its name is not what it is displayed as")),
            Some(attribute) => {
                let mut options = Vec::new();
                values(&attribute["data_option"]["options"], &mut options);
                asked.options(setting, field, &options)
            }
        };
        checks.add(format!("zammad {setting}"), verdict);
    }
}

fn user(user: &Value) -> Verdict {
    if user["active"] == false {
        return Wrong("belong to a user who is not active; activate them in Zammad".to_owned());
    }
    let roles = user["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
    match roles.as_slice() {
        [] => {
            Good("are good; the role needs ticket.agent and the groups' right to change tickets".to_owned())
        }
        ["Customer"] => {
            Wrong("belong to a customer, who can write no internal note; use an agent's".to_owned())
        }
        roles => Good(format!("are good, of a user with the roles {}", roles.join(", "))),
    }
}

/// The values of options, which Zammad writes as a map, as a list, or as a tree.
fn values(options: &Value, into: &mut Vec<String>) {
    match options {
        Value::Object(map) => into.extend(map.keys().cloned()),
        Value::Array(list) => {
            for option in list {
                into.extend(option["value"].as_str().map(str::to_owned));
                values(&option["children"], into);
            }
        }
        _ => {}
    }
}
