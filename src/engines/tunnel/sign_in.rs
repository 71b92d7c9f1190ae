//! Signing in at the jump server (RFC 4252): with a key, a password, or a password that is asked for (RFC 4256).

use std::sync::Arc;
use std::time::Duration;

use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse as Asked};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use super::host_key::HostKeyWatch;
use super::key::{Credential, fingerprint};
use super::words::{ShownCredential, Verdict};
use super::{TunnelOptions, words};
use crate::engines::Failure;

/// The whole of it; servers make those wait who were wrong.
const SIGN_IN: Duration = Duration::from_secs(30);
/// Questions that are answered: the password once, and a greeting without a question.
const MOST_ROUNDS: usize = 3;

pub(super) async fn sign_in(
    handle: &mut Handle<HostKeyWatch>,
    options: &TunnelOptions,
    credential: Credential,
) -> Result<(), Failure> {
    let (shown, answer) = match &credential {
        Credential::Password(password) => {
            (ShownCredential::Password, timeout(SIGN_IN, by_password(handle, &options.user, password)).await)
        }
        Credential::Key(key) => {
            (ShownCredential::Key(fingerprint(key)), timeout(SIGN_IN, by_key(handle, &options.user, key)).await)
        }
    };
    match answer {
        Ok(Ok(Verdict::In)) => Ok(()),
        Ok(Ok(verdict)) => Err(words::of_sign_in(&verdict, &shown, options)),
        // A server ends the connection of somebody who was wrong too often.
        Ok(Err(_)) => Err(words::hung_up(options)),
        Err(_) => Err(words::silent(options)),
    }
}

async fn by_key(handle: &mut Handle<HostKeyWatch>, user: &str, key: &Arc<PrivateKey>) -> Result<Verdict, russh::Error> {
    // A server that does not say which signatures of RSA it takes is a modern one, or one that nobody should sign in to with RSA.
    let best = if key.algorithm().is_rsa() { handle.best_supported_rsa_hash().await? } else { None };
    let hash = best.unwrap_or(Some(HashAlg::Sha256));
    let shown = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
    handle.authenticate_publickey(user, shown).await.map(verdict)
}

async fn by_password(
    handle: &mut Handle<HostKeyWatch>,
    user: &str,
    password: &SecretString,
) -> Result<Verdict, russh::Error> {
    let first = verdict(handle.authenticate_password(user, password.expose_secret()).await?);
    // Many servers take the same password as an answer to a question only.
    match &first {
        Verdict::No(ways) if asks_alone(ways) => by_answer(handle, user, password).await,
        _ => Ok(first),
    }
}

/// Whether a password is taken as an answer and not by itself.
fn asks_alone(ways: &[MethodKind]) -> bool {
    ways.contains(&MethodKind::KeyboardInteractive) && !ways.contains(&MethodKind::Password)
}

async fn by_answer(
    handle: &mut Handle<HostKeyWatch>,
    user: &str,
    password: &SecretString,
) -> Result<Verdict, russh::Error> {
    let mut asked = handle.authenticate_keyboard_interactive_start(user, None).await?;
    let mut is_given = false;
    for _ in 0..MOST_ROUNDS {
        let answers = match asked {
            Asked::Success => return Ok(Verdict::In),
            Asked::Failure { partial_success: true, .. } => return Ok(Verdict::More),
            Asked::Failure { remaining_methods, .. } => return Ok(Verdict::No(remaining_methods.to_vec())),
            Asked::InfoRequest { prompts, .. } if prompts.is_empty() => Vec::new(),
            // One question whose answer nobody may see is the password's; a second one is a code of the moment.
            Asked::InfoRequest { prompts, .. }
                if !is_given && prompts.len() == 1 && !prompts.iter().any(|p| p.echo) =>
            {
                is_given = true;
                vec![password.expose_secret().to_owned()]
            }
            Asked::InfoRequest { .. } => return Ok(Verdict::More),
        };
        asked = handle.authenticate_keyboard_interactive_respond(answers).await?;
    }
    Ok(Verdict::More)
}

fn verdict(answer: AuthResult) -> Verdict {
    match answer {
        AuthResult::Success => Verdict::In,
        AuthResult::Failure { partial_success: true, .. } => Verdict::More,
        AuthResult::Failure { remaining_methods, .. } => Verdict::No(remaining_methods.to_vec()),
    }
}
