//! The way of a person: sign in, choose, send.

use vestibule::features::accounts::api_keys::Scope;

use super::{Site, accounts_of, authorize_url, leave};
use crate::api::Program;
use crate::support::CANARY;
use crate::support::provider::{Endpoint, Plays};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_chooses_two_of_five_accounts_and_sends() {
    let site = Site::new(Plays::Facebook).await;
    let (connection, link) = site.share().await;
    let visitor = site.app.visitor();
    let first = visitor.get(&link).await;
    assert!(first.text().contains("Continue with Facebook") && first.text().contains("See your ad accounts"));
    let leaving =
        first.form_to(&link).set("/start_date", "2026-01-01T00:00:00").press("intent", "sign-in", &visitor).await;
    let authorize = super::authorize_url_of(&leaving);
    assert!(!authorize.contains(link.trim_start_matches("/scl/")), "no token in an address we give away");
    let back = visitor.get(&site.provider.consent(&authorize)).await;
    assert_eq!(back.location(), Some(link.clone()));
    let page = visitor.follow(&back).await;
    assert!(page.text().contains("Signed in at Facebook as ben of Corner Shop"), "{}", page.text());
    assert!(
        page.form_to(&link).value("/start_date").is_some_and(|typed| typed.starts_with("2026-01-01")),
        "what was typed is kept"
    );
    assert!(
        !page.has("[name='/access_token']") && !page.has("[name='/account_ids']"),
        "nobody is asked for what the sign-in answers"
    );
    let accounts = accounts_of(&page);
    assert_eq!(accounts.len(), 5);
    let none = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert!(none.status == 422 && none.text().contains("Choose at least one ad account"), "{}", none.text());
    let form = none.form_to(&link).add("_account", &accounts[1]).add("_account", &accounts[3]);
    let sent = form.press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let receipt = visitor.follow(&sent).await;
    assert!(
        receipt.text().contains("Facebook sign-in") && receipt.text().contains("2 ad accounts"),
        "{}",
        receipt.text()
    );
    let shown = site.owner.get(&connection).await.text();
    assert!(
        shown.contains("ben of Corner Shop") && shown.contains(&accounts[1]) && shown.contains(&accounts[3]),
        "{shown}"
    );
    assert!(!shown.contains("Account 1 ") && !shown.contains("still missing"), "{shown}");
    assert_eq!(site.rows("oauth_sign_ins", "id").await.len(), 0, "nothing waits any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_working_tokens_and_the_operators_values() {
    let site = Site::new(Plays::GoogleAds).await;
    let (connection, link) = site.share().await;
    site.connect(&site.app.visitor(), &link, 1).await;
    let program = Program::nobody(&site.app).await.with_scopes(&site.app, "Acme Analytics", Scope::ALL).await;
    let slug = connection.trim_start_matches("/connections/");
    let answer = program.get(&format!("/api/v1/sources/{slug}/credentials/")).await.expect(200);
    assert!(answer.text("/config/credentials/refresh_token").starts_with(CANARY));
    assert_eq!(answer.text("/config/credentials/developer_token"), "dev-token-of-the-operator");
    assert_eq!(answer.text("/config/credentials/client_secret"), crate::support::provider::client_secret());
    assert!(!answer.body.contains("kept with the sign-in"), "{}", answer.body);
    let read = program.get(&format!("/api/v1/sources/{slug}/")).await.expect(200);
    assert_eq!(read.text("/oauth/state"), "ok");
    assert!(!read.body.contains(CANARY) && !read.body.contains("dev-token"), "{}", read.body);
    let listed = program.get("/api/v1/sources/").await.expect(200);
    assert_eq!(listed.text("/results/0/oauth/provider"), "google");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_no_end_and_what_was_typed_stays() {
    let site = Site::new(Plays::Facebook).await;
    let (connection, link) = site.share().await;
    let visitor = site.app.visitor();
    let form = visitor.get(&link).await.form_to(&link).set("/start_date", "2026-01-01T00:00:00");
    let authorize = super::authorize_url_of(&form.press("intent", "sign-in", &visitor).await);
    let back = visitor.get(&site.provider.deny(&authorize)).await;
    let page = visitor.follow(&back).await;
    assert!(page.text().contains("You did not give permission at Facebook"), "{}", page.text());
    assert!(page.form_to(&link).value("/start_date").is_some_and(|typed| typed.starts_with("2026-01-01")));
    assert_eq!(site.provider.calls(Endpoint::Exchange), 0);
    let again = leave(&visitor, page).await;
    let back = visitor.get(&site.provider.consent(&again)).await;
    let page = visitor.follow(&back).await;
    let form = page.form_to(&link).add("_account", &accounts_of(&page)[0]);
    assert_eq!(form.press("intent", "complete", &visitor).await.status, 303);
    assert!(site.owner.get(&connection).await.text().contains("ben of Corner Shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_permissions_are_named_and_can_be_granted() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    site.provider.grants(&["public_profile"]);
    let page = site.sign_in(&visitor, &link).await;
    let text = page.text();
    assert!(text.contains("These permissions were not given") && text.contains("See your ad accounts"), "{text}");
    assert!(text.contains("Grant the missing permissions"), "{text}");
    site.provider.grants(&["ads_read", "business_management"]);
    let again = leave(&visitor, page).await;
    assert!(again.contains("auth_type=rerequest"), "{again}");
    let back = visitor.get(&site.provider.consent(&again)).await;
    let page = visitor.follow(&back).await;
    assert!(!page.text().contains("were not given") && accounts_of(&page).len() == 5, "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_can_be_searched_without_losing_a_choice() {
    let site = Site::new(Plays::Facebook).await;
    site.provider.has_accounts(30);
    let (connection, link) = site.share().await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    let all = accounts_of(&page);
    assert_eq!(all.len(), 30);
    let wanted = all[29].clone();
    let form =
        page.form_to(&link).set("/start_date", "2026-01-01T00:00:00").add("_account", &all[2]).set("_find", &wanted);
    let found = form.press("intent", "find", &visitor).await;
    assert_eq!(found.location(), Some(link.clone()), "{}", found.text());
    let found = visitor.follow(&found).await;
    assert_eq!(
        accounts_of(&found),
        [all[2].clone(), wanted.clone()],
        "the one that was chosen, and the one that was found"
    );
    let form = found.form_to(&link).add("_account", &wanted);
    assert_eq!(form.press("intent", "complete", &visitor).await.status, 303);
    let shown = site.owner.get(&connection).await.text();
    assert!(shown.contains(&all[2]) && shown.contains(&wanted) && shown.contains("2026-01-01"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_recipient_sees_nothing_of_who_signed_in() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    site.sign_in(&visitor, &link).await;
    let stranger = site.app.visitor().get(&link).await;
    assert!(
        !stranger.text().contains("ben") && stranger.text().contains("Continue with Facebook"),
        "{}",
        stranger.text()
    );
    let other = site.share().await.1;
    assert!(!visitor.get(&other).await.text().contains("Signed in at"), "a sign-in belongs to its link");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_not_offered_is_not_taken() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    let sent = page.form_to(&link).add("_account", "999").press("intent", "complete", &visitor).await;
    assert!(sent.status == 422 && sent.text().contains("Choose from the ad accounts of this list"), "{}", sent.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_in_trouble_is_said_plainly() {
    use crate::support::provider::Trouble;
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    for (trouble, words) in
        [(Trouble::Status(500), "Facebook did not answer"), (Trouble::Html, "answered in a way we do not understand")]
    {
        site.provider.trouble(Endpoint::Exchange, trouble);
        let page = site.sign_in(&visitor, &link).await;
        assert!(page.text().contains(words) && page.text().contains("Nothing was sent"), "{}", page.text());
    }
    site.provider.heal(Endpoint::Exchange);
    site.provider.trouble(Endpoint::Accounts, Trouble::Status(404));
    let page = site.sign_in(&visitor, &link).await;
    assert!(page.text().contains("did not give the list of ad accounts"), "{}", page.text());
    let _ = authorize_url(&visitor, &link).await;
}
