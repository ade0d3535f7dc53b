//! TLS, with certificates made for each test.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::TestApp;
use deskhand::access::NewKey;
use deskhand::config::{Authentication, Role, Scope, Settings};
use deskhand::http::serve::serve;
use deskhand::http::{App, OpenError, TlsError};
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// A certificate for `localhost` with its key, as files.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

fn pair(folder: &Path, name: &str) -> Pair {
    let pair =
        Pair { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    renew(&pair);
    pair
}

fn renew(pair: &Pair) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(&pair.certificate, made.cert.pem()).unwrap();
    std::fs::write(&pair.key, made.signing_key.serialize_pem()).unwrap();
}

/// One request by TLS, trusting this certificate alone.
async fn ask(address: std::net::SocketAddr, trusted: &Path, request: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn the_service_speaks_tls_and_nothing_else_and_takes_up_a_renewed_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let pair = pair(folder.path(), "desk");
    let app = TestApp::with(|settings| {
        settings.access.authentication = Authentication::On;
        settings.server.tls_certificate = Some(pair.certificate.clone());
        settings.server.tls_key = Some(pair.key.clone());
    })
    .await;
    let access = &app.app.access;
    let new = NewKey { name: "t".into(), scopes: vec![Scope::Triage], expires_at: None };
    let key = access.create_key(new, Timestamp::now()).await.unwrap().0.expose();
    access.add_user("mira", "a horse and a battery", Role::Agent, Timestamp::now()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(app.app.clone(), listener, async { drop(stopped.await) }));

    let with_key = get("/info", &format!("authorization: Bearer {key}\r\n"));
    let answer = ask(address, &pair.certificate, &with_key).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    let form = "name=mira&password=a+horse+and+a+battery";
    let sign_in = format!(
        "POST /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = ask(address, &pair.certificate, &sign_in).await.unwrap();
    assert!(answer.contains("set-cookie: __Host-deskhand=") && answer.contains("; Secure"), "{answer}");

    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(with_key.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/"), "plain HTTP is not answered");

    let former = folder.path().join("former.pem");
    std::fs::copy(&pair.certificate, &former).unwrap();
    renew(&pair);
    let mut renewed = ask(address, &pair.certificate, &with_key).await;
    while renewed.is_err() {
        tokio::time::sleep(Duration::from_millis(200)).await;
        renewed = ask(address, &pair.certificate, &with_key).await;
    }
    assert!(ask(address, &former, &with_key).await.is_err(), "the former one is not shown any more");
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_certificate_or_key_that_cannot_be_used_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (pair(folder.path(), "one"), pair(folder.path(), "other"));
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "no certificate").unwrap();
    let nowhere = folder.path().join("nowhere.pem");
    let refused = async |certificate: Option<&PathBuf>, key: Option<&PathBuf>| {
        let mut settings = Settings::default();
        settings.server.tls_certificate = certificate.cloned();
        settings.server.tls_key = key.cloned();
        match App::open(settings, &folder.path().join("data"), folder.path()).await {
            Err(OpenError::Tls(error)) => error,
            other => panic!("{:?}", other.err()),
        }
    };
    let error = refused(Some(&one.certificate), None).await;
    assert!(matches!(error, TlsError::Half { .. }) && error.to_string().contains("tls_key"), "{error}");
    let error = refused(Some(&nowhere), Some(&one.key)).await;
    assert!(error.to_string().contains("nowhere.pem (server.tls_certificate) cannot be read"), "{error}");
    let error = refused(Some(&garbage), Some(&one.key)).await;
    assert!(
        error.to_string().contains("garbage.pem (server.tls_certificate) holds no certificate"),
        "{error}"
    );
    let error = refused(Some(&one.certificate), Some(&garbage)).await;
    assert!(error.to_string().contains("garbage.pem (server.tls_key) holds no private key"), "{error}");
    let error = refused(Some(&one.certificate), Some(&other.key)).await;
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert!(error.to_string().contains("other.key") && error.to_string().contains("one.pem"), "{error}");
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}
