//! Signing in with a provider, with the log at its most talkative: codes, tokens, verifiers and client secrets are nowhere but sealed.

use url::Url;

use super::sweep::{Hay, Needle};
use crate::oauth::links::{accounts_of, authorize_url_of};
use crate::setup_links::{connection_path, link_path, share_page};
use crate::support::installation::Installation;
use crate::support::provider::{CLIENT_ID, Plays, Provider, client_secret};
use crate::support::receiver::authority_file;
use crate::support::{CANARY, Visitor};

/// The operator's settings: a connector file that leads to the provider, the app, and whom to trust.
fn set_up(here: &mut Installation, provider: &Provider, dir: &std::path::Path) {
    let connectors = dir.join("connectors");
    std::fs::create_dir(&connectors).unwrap();
    std::fs::write(connectors.join("google-ads.json"), provider.connector().to_string()).unwrap();
    let app = serde_json::json!({"google": {
        "client_id": CLIENT_ID,
        "client_secret": client_secret(),
        "constants": {"developer_token": format!("{CANARY}-developer-token")},
    }});
    let apps = dir.join("apps.json");
    std::fs::write(&apps, app.to_string()).unwrap();
    here.set("VESTIBULE_CONNECTORS_DIR", connectors.to_str().unwrap());
    here.set("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.0/8");
    here.set("VESTIBULE_EXTRA_CA_FILE", authority_file(dir).to_str().unwrap());
    here.set("VESTIBULE_OAUTH_APPS_FILE", apps.to_str().unwrap());
    here.set("VESTIBULE_LOG", "trace");
}

/// What the browser carried to the provider and back, to be looked for: the state, and the secrets of the provider.
async fn connect(hay: &mut Hay, base: &str, provider: &Provider) -> Vec<Needle> {
    let owner = Visitor::new(base, base);
    owner.sign_in("ana@acme.example").await;
    let created = share_page(&owner, "source", "google-ads", &[]).await;
    let (connection, link) = (connection_path(&created), link_path(&created));
    let recipient = Visitor::new(base, base);
    let leaving = hay.get(&recipient, &link).await.form_to(&link).press("intent", "sign-in", &recipient).await;
    hay.add_page("leaving", &leaving);
    let departure = authorize_url_of(&leaving);
    let state = Url::parse(&departure).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let browser = recipient.cookies().into_iter().find(|(name, _)| name.contains("oauth")).unwrap().1;
    let back = recipient.get(&provider.consent(&departure)).await;
    hay.add_page("back", &back);
    let page = hay.get(&recipient, &link).await;
    let form = page.form_to(&link).add("_account", &accounts_of(&page)[0]);
    let sent = form.press("intent", "complete", &recipient).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let receipt = recipient.follow(&sent).await;
    hay.add_page("receipt", &receipt);
    for path in [connection.as_str(), "/settings/oauth-apps", "/settings/oauth-apps/google"] {
        assert_eq!(hay.get(&owner, path).await.status, 200);
    }
    let token = link.trim_start_matches("/scl/").to_owned();
    let needle = |what, text: String, at_home: &[&str]| Needle {
        what,
        text,
        at_home: at_home.iter().map(|home| (*home).to_owned()).collect(),
    };
    vec![
        needle("a code, a token, or a secret of the app", CANARY.to_owned(), &[]),
        needle("the state", state, &["page leaving"]),
        needle("the browser's mark", browser, &[]),
        needle("the link's token", token, &["headers back"]),
        needle("the verifier", verifier(provider), &[]),
    ]
}

/// The PKCE verifier, as the provider got it.
fn verifier(provider: &Provider) -> String {
    let bodies = provider.got().into_iter().map(|request| request.body);
    let mut found = bodies.filter_map(|body| {
        let pairs = url::form_urlencoded::parse(body.as_bytes());
        pairs.into_owned().find(|(name, _)| name == "code_verifier").map(|(_, value)| value)
    });
    found.next().expect("a provider that takes PKCE got a verifier")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_sign_in_is_left_in_the_clear() {
    let provider = Provider::start(Plays::GoogleAds);
    let (mut here, dir) = (Installation::new(), tempfile::tempdir().unwrap());
    set_up(&mut here, &provider, dir.path());
    here.owner("Acme Analytics", "ana@acme.example").good();
    let server = here.start(&["serve"]);
    let mut hay = Hay::default();
    let needles = connect(&mut hay, &server.base.clone(), &provider).await;
    hay.add_files("running data", &here.data());
    for args in [vec!["check-config"], vec!["doctor"], vec!["keys", "rotate"]] {
        let ran = here.run(&args);
        hay.add(format!("command {}", args.join(" ")), format!("{}{}", ran.out, ran.err));
    }
    let ended = server.stop_with("KILL");
    hay.add("log", ended.err.as_bytes());
    hay.add("output", ended.out.as_bytes());
    hay.add_files("data", &here.data());
    hay.add_tables("table", &here.config().storage.database);
    hay.search(&needles);
    assert!(ended.err.contains("/oauth/callback/{provider}") && ended.err.contains("TRACE"), "the log was read");
    let home = if here.is_postgres() { "table/oauth_grants" } else { "data/vestibule.db" };
    assert!(hay.holding("ben").iter().any(|place| place.starts_with(home)), "the search finds what is there");
}
