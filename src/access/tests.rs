//! Keys, users and sign-ins over a real store, by a clock that the tests set.

#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use jiff::Timestamp;

use super::*;
use crate::config::{Role, StoreSettings};

const PASSWORD: &str = "a horse and a battery";

async fn access() -> (Access, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    (Access::open(store, AccessSettings::default()).await.unwrap(), folder)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn here() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

fn new(scopes: &[Scope], expires_at: Option<Timestamp>) -> NewKey {
    NewKey { name: "helpdesk".into(), scopes: scopes.into(), expires_at }
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_until_the_second_it_expires() {
    let (access, _folder) = access().await;
    let (key, _) = access.create_key(new(&[Scope::Triage], Some(at(10))), at(0)).await.unwrap();
    let caller = access.key(&key.expose(), at(9)).unwrap();
    assert_eq!(caller.may(&[Scope::Survey, Scope::Triage]), Some(Scope::Triage));
    assert_eq!(caller.may(&[Scope::Survey]), None);
    assert_eq!(access.key(&key.expose(), at(10)), None);
}

#[tokio::test]
async fn a_key_with_another_secret_or_id_opens_nothing() {
    let (access, _folder) = access().await;
    let (key, _) = access.create_key(new(&[Scope::Admin], None), at(0)).await.unwrap();
    let whole = key.expose();
    let (other, _) = access.create_key(new(&[Scope::Triage], None), at(0)).await.unwrap();
    let mixed = whole.replace(key.id(), other.id());
    let flipped = format!("{}{}", &whole[..whole.len() - 2], if whole.ends_with("AA") { "BB" } else { "AA" });
    for wrong in [
        mixed,
        flipped,
        whole[..whole.len() - 1].to_owned(),
        format!("{whole}A"),
        String::new(),
        "dh__".into(),
    ] {
        assert_eq!(access.key(&wrong, at(1)), None);
    }
    assert!(access.key(&whole, at(1)).is_some());
}

#[tokio::test]
async fn several_keys_live_at_once_and_one_is_taken_back_at_once() {
    let (access, folder) = access().await;
    let (old, _) = access.create_key(new(&[Scope::Triage], None), at(0)).await.unwrap();
    let (fresh, _) = access.create_key(new(&[Scope::Triage], None), at(1)).await.unwrap();
    assert!(access.key(&old.expose(), at(2)).is_some() && access.key(&fresh.expose(), at(2)).is_some());
    assert!(access.revoke_key(old.id(), at(3)).await.unwrap());
    assert!(!access.revoke_key(old.id(), at(3)).await.unwrap(), "it was taken back before");
    assert!(access.key(&old.expose(), at(3)).is_none() && access.key(&fresh.expose(), at(3)).is_some());
    access.0.store.close().await.unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let access = Access::open(store, AccessSettings::default()).await.unwrap();
    assert!(access.key(&old.expose(), at(4)).is_none() && access.key(&fresh.expose(), at(4)).is_some());
}

#[tokio::test]
async fn no_secret_is_in_the_data_folder() {
    let (access, folder) = access().await;
    let (key, _) = access.create_key(new(&[Scope::Triage], None), at(0)).await.unwrap();
    access.add_user("mira", PASSWORD, Role::Agent, at(0)).await.unwrap();
    let cookie = access.sign_in("mira", PASSWORD, here(), at(0)).await.unwrap();
    access.0.store.close().await.unwrap();
    let secret = key.expose().rsplit_once('_').unwrap().1.to_owned();
    let bytes = std::fs::read(folder.path().join("deskhand.db")).unwrap();
    let has = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(has(key.id()) && has("argon2id"));
    assert!(!has(&secret) && !has(PASSWORD) && !has(&cookie));
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_hour() {
    let (access, _folder) = access().await;
    let (key, _) = access.create_key(new(&[Scope::Triage], None), at(0)).await.unwrap();
    let used = async || access.keys().await.unwrap()[0].last_used_at;
    assert_eq!(used().await, None);
    access.key(&key.expose(), at(10)).unwrap();
    assert_eq!(used().await, Some(at(10)));
    access.key(&key.expose(), at(10 + 3_599)).unwrap();
    assert_eq!(used().await, Some(at(10)));
    access.key(&key.expose(), at(10 + 3_600)).unwrap();
    assert_eq!(used().await, Some(at(10 + 3_600)));
}

#[tokio::test]
async fn a_sign_in_ends_when_it_is_idle_and_in_any_case_after_its_hours() {
    let (access, _folder) = access().await;
    access.add_user("Mira", PASSWORD, Role::Agent, at(0)).await.unwrap();
    let cookie = access.sign_in(" mira ", PASSWORD, here(), at(0)).await.unwrap();
    let open = async |second| access.signed_in(&cookie, at(second)).await.unwrap().is_some();
    assert!(open(3_599).await, "the last second without a request; this is one");
    assert!(open(3_599 + 3_599).await);
    assert!(!open(3_599 + 3_599 + 3_600).await);
    let cookie = access.sign_in("mira", PASSWORD, here(), at(0)).await.unwrap();
    for second in (0..12 * 3_600).step_by(3_000) {
        assert!(access.signed_in(&cookie, at(second)).await.unwrap().is_some(), "{second}");
    }
    assert!(access.signed_in(&cookie, at(12 * 3_600 - 1)).await.unwrap().is_some());
    assert!(access.signed_in(&cookie, at(12 * 3_600)).await.unwrap().is_none());
}

#[tokio::test]
async fn signing_out_a_new_password_another_role_and_removal_end_a_sign_in() {
    let (access, _folder) = access().await;
    access.add_user("mira", PASSWORD, Role::Agent, at(0)).await.unwrap();
    let password = "another horse and battery";
    for end in ["out", "password", "role", "removal"] {
        let now = if end == "out" || end == "password" { PASSWORD } else { password };
        let cookie = access.sign_in("mira", now, here(), at(0)).await.unwrap();
        assert!(access.signed_in(&cookie, at(1)).await.unwrap().is_some());
        match end {
            "out" => access.sign_out(&cookie).await.unwrap(),
            "password" => drop(access.change_user("mira", Some(password), None).await.unwrap()),
            "role" => drop(access.change_user("mira", None, Some(Role::Owner)).await.unwrap()),
            _ => access.remove_user("mira").await.unwrap(),
        }
        assert!(access.signed_in(&cookie, at(1)).await.unwrap().is_none(), "{end}");
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_for_a_wrong_name_and_a_wrong_password_and_so_is_the_pause() {
    let (access, _folder) = access().await;
    access.add_user("mira", PASSWORD, Role::Agent, at(0)).await.unwrap();
    let mut told = Vec::new();
    for (name, last) in [("mira", 1), ("nobody", 2), ("<script>", 3)] {
        let address = IpAddr::from([192, 0, 2, last]);
        let tries = async || {
            let mut all = Vec::new();
            for _ in 0..6 {
                all.push(
                    access.sign_in(name, "a wrong password", address, at(0)).await.unwrap_err().to_string(),
                );
            }
            all
        };
        told.push(tries().await);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
    assert!(told[0][4].contains("do not belong together") && told[0][5].contains("in 15 s"));
    let locked = access.sign_in("mira", PASSWORD, here(), at(14)).await;
    assert!(matches!(locked, Err(SigningIn::Wait { seconds: 1 })), "the right password does not shorten it");
    assert!(access.sign_in("mira", PASSWORD, here(), at(15)).await.is_ok());
}

#[tokio::test]
async fn a_name_is_plain_and_there_once() {
    let (access, _folder) = access().await;
    access.add_user("mira@desk.example", PASSWORD, Role::Agent, at(0)).await.unwrap();
    let again = access.add_user("MIRA@desk.example", PASSWORD, Role::Admin, at(0)).await;
    assert!(matches!(again, Err(UserError::Taken(_))));
    assert_eq!(access.users().await.unwrap()[0].role, Role::Agent);
    for bad in ["", " ", "a b", "a\nb", "<b>", &"a".repeat(101)] {
        let told = access.add_user(bad, PASSWORD, Role::Agent, at(0)).await;
        assert!(matches!(told, Err(UserError::Name(_))), "{bad}");
    }
    assert!(matches!(access.remove_user("noor").await, Err(UserError::Unknown(_))));
    let unknown = access.change_user("noor", None, None).await;
    assert!(matches!(unknown, Err(UserError::Unknown(_))));
}

#[test]
fn addresses_of_one_household_are_one() {
    let of = |text: &str| network(text.parse().unwrap()).to_string();
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
}

#[test]
fn an_admin_may_everything_and_others_what_they_have() {
    let caller = |scopes: &[Scope]| Caller { who: Who::Anyone, scopes: scopes.into() };
    for scope in Scope::ALL {
        assert!(caller(&[Scope::Admin]).may(&[scope]).is_some());
        assert_eq!(caller(&[scope]).may(&[Scope::Admin]).is_some(), scope == Scope::Admin);
        assert_eq!(caller(&[]).may(&[scope]), None);
    }
}
