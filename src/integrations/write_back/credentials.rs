//! How Deskhand says who it is, by product.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

use crate::config::{ApiSettings, Secret};
use crate::integrations::update::Product;

/// An interface that cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
#[error("integrations.{product}: {problem}")]
pub struct SetupError {
    /// Whose.
    pub product: Product,
    /// What is missing or wrong, and what to do.
    pub problem: String,
}

/// The header `Authorization`; nothing for a generic helpdesk that asks for none.
///
/// - Zendesk: `{email}/token:{token}` as basic authentication, or an OAuth token
///   (<https://developer.zendesk.com/api-reference/introduction/security-and-auth/>).
/// - Zammad: `Token token={token}`, an OAuth token, or user and password
///   (<https://docs.zammad.org/en/latest/api/intro.html#authentication>).
/// - Freshdesk: the key as the user's name with any password
///   (<https://developers.freshdesk.com/api/#authentication>).
pub(super) fn authorization(product: Product, api: &ApiSettings) -> Result<Option<HeaderValue>, SetupError> {
    let wrong = |problem: &str| SetupError { product, problem: problem.to_owned() };
    let read = |name: &str, secret: &Option<Secret>| match secret {
        None => Ok(None),
        Some(secret) => {
            secret.resolved().map(Some).map_err(|error| wrong(&format!("api.{name} cannot be read: {error}")))
        }
    };
    let token = read("token", &api.token)?;
    let oauth = read("oauth_token", &api.oauth_token)?;
    let password = read("password", &api.password)?;
    let value = match (&api.user, token, oauth, password) {
        (_, None, Some(oauth), None) => format!("Bearer {}", oauth.expose()),
        (Some(user), None, None, Some(password)) if product != Product::Freshdesk => {
            basic(user, password.expose())
        }
        (user, Some(token), None, None) => match (product, user) {
            (Product::Zendesk, Some(user)) => basic(&format!("{user}/token"), token.expose()),
            (Product::Zendesk, None) => {
                return Err(wrong(
                    "api.user is missing; set it to the e-mail address that the token belongs to",
                ));
            }
            (Product::Zammad, _) => format!("Token token={}", token.expose()),
            (Product::Freshdesk, _) => basic(token.expose(), "X"),
            (Product::Generic, _) => format!("Bearer {}", token.expose()),
        },
        (_, None, None, None) if product == Product::Generic => return Ok(None),
        (_, None, None, _) => {
            return Err(wrong(
                "there are no credentials; set api.token (docs/integrations says where it comes from)",
            ));
        }
        _ => {
            return Err(wrong(
                "there are several credentials; leave one of api.token, oauth_token and password",
            ));
        }
    };
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| wrong("the credentials hold characters that no header can carry; copy them anew"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header(product: Product, settings: &str) -> Result<Option<String>, String> {
        let api: ApiSettings = toml::from_str(settings).unwrap();
        let value = authorization(product, &api).map_err(|error| error.to_string())?;
        Ok(value.map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn each_product_is_told_who_asks_in_its_own_way() {
        let by = |product, settings| header(product, settings).unwrap();
        let zendesk = by(Product::Zendesk, "user = \"kim@acme.example\"\ntoken = \"abc\"");
        assert_eq!(zendesk, Some(basic("kim@acme.example/token", "abc")));
        assert_eq!(by(Product::Zendesk, "oauth_token = \"abc\"").as_deref(), Some("Bearer abc"));
        assert_eq!(by(Product::Zammad, "token = \"abc\"").as_deref(), Some("Token token=abc"));
        assert_eq!(by(Product::Zammad, "user = \"kim\"\npassword = \"pw\""), Some(basic("kim", "pw")));
        assert_eq!(by(Product::Freshdesk, "token = \"abc\""), Some(basic("abc", "X")));
        assert_eq!(by(Product::Generic, ""), None);
    }

    #[test]
    fn credentials_that_are_missing_double_or_cannot_be_sent_are_refused_and_never_shown() {
        for (product, settings, told) in [
            (Product::Zendesk, "", "no credentials"),
            (Product::Zendesk, "token = \"sesame\"", "user is missing"),
            (Product::Zammad, "token = \"sesame\"\noauth_token = \"sesame\"", "several credentials"),
            (Product::Freshdesk, "user = \"kim\"\npassword = \"sesame\"", "no credentials"),
            (Product::Zammad, "token = \"sesame\\n\"", "copy them anew"),
            (Product::Zammad, "token = \"file:/nowhere/sesame\"", "token cannot be read"),
        ] {
            let error = header(product, settings).unwrap_err();
            assert!(
                error.contains(told) && error.starts_with(&format!("integrations.{product}: ")),
                "{error}"
            );
            assert!(told.contains("cannot be read") || !error.contains("sesame"), "{error}");
        }
    }
}
