//! Pages of a workspace's members.

use super::entry::Access::{Anybody, AtLeast};
use super::entry::{RouteEntry, at};
use crate::console::catalogue::{install_pages, pages as connector_pages};
use crate::console::connections::{
    configure_pages, delete_pages, host_key_pages, new_pages, pages as list_pages, show_pages,
};
use crate::console::departures::pages as departure_pages;
use crate::console::failures::pages as failure_pages;
use crate::console::former_members::pages as former_pages;
use crate::console::handoff::pages as hand_off_pages;
use crate::console::retention::pages as retention_pages;
use crate::console::streams::{field_pages, finish_pages, pages as stream_pages};
use crate::console::{kept_forms, reconnect_pages};
use crate::features::accounts::Role::{Admin, Member, Owner, Viewer};
use crate::features::accounts::api_keys::pages as key_pages;
use crate::features::accounts::sign_in_provider::{settings_pages as provider_pages, visitor_pages};
use crate::features::accounts::{
    account_pages, appearance_pages, member_pages, operator_pages, workspace_pages, workspaces_pages,
};
use crate::features::extraction_engine::pages as engine_pages;
use crate::features::invite_links::{inbox_pages, owner_pages as invite_pages, panel_pages};
use crate::features::oauth::apps::pages as app_pages;
use crate::features::outputs::pages as layer_pages;
use crate::features::setup_links::owner_pages as setup_link_pages;
use crate::features::webhooks::callback::pages as callback_pages;
use crate::features::webhooks::delivery_pages;
use crate::features::webhooks::endpoints::pages as endpoint_pages;
use crate::features::work::runs::pages as run_pages;
use crate::features::work::runs::records::pages as record_pages;
use crate::features::work::validations::pages as validation_pages;
use crate::platform::web::{page, urls};

pub(super) fn pages() -> impl Iterator<Item = RouteEntry> {
    [
        settings(),
        webhooks(),
        oauth_apps(),
        output_layers(),
        engine(),
        own_settings(),
        connections(),
        invite_links(),
        work(),
    ]
    .into_iter()
    .flatten()
}

fn settings() -> Vec<RouteEntry> {
    vec![
        at(urls::WORKSPACES)
            .get(AtLeast(Viewer), workspaces_pages::show)
            .post(AtLeast(Viewer), workspaces_pages::choose),
        at(urls::SETTINGS_SIGN_IN)
            .get(AtLeast(Viewer), provider_pages::show)
            .post(AtLeast(Owner), provider_pages::save),
        at(urls::SIGN_IN_TEST).post(AtLeast(Owner), visitor_pages::test),
        at(urls::SIGN_IN_PASSWORDS).post(AtLeast(Owner), provider_pages::passwords),
        at(urls::SIGN_IN_REMOVAL).post(AtLeast(Owner), provider_pages::remove),
        at(urls::SETTINGS).get(Anybody, async || page::see_other(urls::SETTINGS_WORKSPACE)),
        at(urls::SETTINGS_WORKSPACE)
            .get(AtLeast(Viewer), workspace_pages::show)
            .post(AtLeast(Admin), workspace_pages::save),
        at(urls::SETTINGS_MEMBERS).get(AtLeast(Viewer), member_pages::index),
        at(urls::INVITATIONS).post(AtLeast(Admin), member_pages::invite),
        at(urls::INVITATION_WITHDRAWAL).post(AtLeast(Admin), member_pages::withdraw),
        at(urls::MEMBER).get(AtLeast(Viewer), member_pages::show),
        at(urls::MEMBER_ROLE)
            .get(AtLeast(Admin), departure_pages::confirm_role)
            .post(AtLeast(Admin), departure_pages::change_role),
        at(urls::MEMBER_IDENTITY_REMOVAL).post(AtLeast(Owner), member_pages::forget_identity),
        at(urls::MEMBER_REMOVAL)
            .get(AtLeast(Admin), departure_pages::confirm_removal)
            .post(AtLeast(Admin), departure_pages::remove),
        at(urls::MEMBER_ERASURE).get(AtLeast(Owner), former_pages::confirm).post(AtLeast(Owner), former_pages::erase),
        at(urls::SETTINGS_FAILURES).get(AtLeast(Viewer), failure_pages::index),
        at(urls::FAILURE_RETRY).post(AtLeast(Admin), failure_pages::retry),
        at(urls::FAILURE_DISMISSAL).post(AtLeast(Admin), failure_pages::dismiss),
        at(urls::WEBHOOK_DISMISSAL).post(AtLeast(Admin), failure_pages::dismiss_webhook),
        at(urls::SETTINGS_API_KEYS).get(AtLeast(Viewer), key_pages::index).post(AtLeast(Admin), key_pages::create),
        at(urls::API_KEY_REVOCATION).post(AtLeast(Admin), key_pages::revoke),
        at(urls::SETTINGS_MAIL).get(AtLeast(Viewer), operator_pages::mail),
        at(urls::SETTINGS_DATA).get(AtLeast(Viewer), retention_pages::show).post(AtLeast(Owner), retention_pages::save),
    ]
}

fn webhooks() -> Vec<RouteEntry> {
    vec![
        at(urls::SETTINGS_WEBHOOKS).get(AtLeast(Viewer), endpoint_pages::index),
        at(urls::NEW_WEBHOOK_ENDPOINT)
            .get(AtLeast(Admin), endpoint_pages::new)
            .post(AtLeast(Admin), endpoint_pages::create),
        at(urls::WEBHOOK_SECRET).post(AtLeast(Admin), endpoint_pages::make_secret),
        at(urls::WEBHOOK_ENDPOINT)
            .get(AtLeast(Admin), endpoint_pages::edit)
            .post(AtLeast(Admin), endpoint_pages::update),
        at(urls::WEBHOOK_ENDPOINT_DELETION).post(AtLeast(Admin), endpoint_pages::delete),
        at(urls::WEBHOOK_ENDPOINT_TEST).post(AtLeast(Admin), endpoint_pages::test),
        at(urls::WEBHOOK_DELIVERY).get(AtLeast(Viewer), delivery_pages::show),
        at(urls::WEBHOOK_RESEND).post(AtLeast(Member), delivery_pages::resend),
    ]
}

fn oauth_apps() -> Vec<RouteEntry> {
    vec![
        at(urls::SETTINGS_OAUTH_APPS).get(AtLeast(Viewer), app_pages::index),
        at(urls::OAUTH_APP).get(AtLeast(Viewer), app_pages::edit).post(AtLeast(Admin), app_pages::update),
        at(urls::OAUTH_APP_REMOVAL).post(AtLeast(Admin), app_pages::remove),
    ]
}

fn output_layers() -> Vec<RouteEntry> {
    vec![
        at(urls::SETTINGS_OUTPUT_LAYERS).get(AtLeast(Viewer), layer_pages::index),
        at(urls::NEW_OUTPUT_LAYER).get(AtLeast(Admin), layer_pages::new).post(AtLeast(Admin), layer_pages::create),
        at(urls::OUTPUT_LAYER).get(AtLeast(Admin), layer_pages::edit).post(AtLeast(Admin), layer_pages::update),
        at(urls::OUTPUT_LAYER_CHECK).post(AtLeast(Admin), layer_pages::check),
        at(urls::OUTPUT_LAYER_DELETION).post(AtLeast(Admin), layer_pages::remove),
    ]
}

fn engine() -> Vec<RouteEntry> {
    vec![
        at(urls::SETTINGS_ENGINE).get(AtLeast(Viewer), engine_pages::show).post(AtLeast(Owner), engine_pages::save),
        at(urls::ENGINE_CHECK).post(AtLeast(Owner), engine_pages::check),
        at(urls::ENGINE_REMOVAL).post(AtLeast(Owner), engine_pages::remove),
    ]
}

fn own_settings() -> Vec<RouteEntry> {
    vec![
        at(urls::SETTINGS_ACCOUNT)
            .get(AtLeast(Viewer), account_pages::show)
            .post(AtLeast(Viewer), account_pages::save_profile),
        at(urls::ACCOUNT_PASSWORD).post(AtLeast(Viewer), account_pages::change_password),
        at(urls::SESSION_END).post(AtLeast(Viewer), account_pages::end_session),
        at(urls::OTHER_SESSIONS_END).post(AtLeast(Viewer), account_pages::end_other_sessions),
        at(urls::SETTINGS_APPEARANCE)
            .get(AtLeast(Viewer), appearance_pages::show)
            .post(AtLeast(Viewer), appearance_pages::save),
    ]
}

fn connections() -> Vec<RouteEntry> {
    vec![
        at(urls::CONNECTIONS).get(AtLeast(Viewer), list_pages::index),
        at(urls::NEW_CONNECTION).get(AtLeast(Member), new_pages::catalogue),
        at(urls::NEW_CONNECTION_OF).get(AtLeast(Member), new_pages::new).post(AtLeast(Member), new_pages::create),
        at(urls::CONNECTOR).get(AtLeast(Viewer), connector_pages::show),
        at(urls::CONNECTOR_LIVE).get(AtLeast(Viewer), connector_pages::live),
        at(urls::CONNECTOR_ACT).get(AtLeast(Owner), install_pages::confirm).post(AtLeast(Owner), install_pages::begin),
        at(urls::CONNECTION).get(AtLeast(Viewer), show_pages::show),
        at(urls::CONNECTION_CONFIGURATION)
            .get(AtLeast(Member), configure_pages::edit)
            .post(AtLeast(Member), configure_pages::update),
        at(urls::CONNECTION_DESCRIPTION).post(AtLeast(Member), show_pages::update_description),
        at(urls::CONNECTION_HOST_KEY).post(AtLeast(Member), host_key_pages::accept),
        at(urls::CONNECTION_DELETION)
            .get(AtLeast(Member), delete_pages::ask_deletion)
            .post(AtLeast(Member), delete_pages::delete),
        at(urls::CONNECTION_WEBHOOK)
            .get(AtLeast(Member), callback_pages::show)
            .post(AtLeast(Member), callback_pages::save),
        at(urls::CONNECTION_WEBHOOK_REMOVAL).post(AtLeast(Member), callback_pages::remove),
        at(urls::CONNECTION_WEBHOOK_TEST).post(AtLeast(Member), callback_pages::test),
        at(urls::KEPT_FORM).get(AtLeast(Viewer), kept_forms::show),
        at(urls::RECONNECT_LINK).post(AtLeast(Member), reconnect_pages::create),
        at(urls::SETUP_LINK_REVOCATION).post(AtLeast(Member), setup_link_pages::revoke),
    ]
}

fn invite_links() -> Vec<RouteEntry> {
    vec![
        at(urls::INVITE_LINKS).get(AtLeast(Viewer), invite_pages::index),
        at(urls::NEW_INVITE_LINK).get(AtLeast(Member), invite_pages::new).post(AtLeast(Member), invite_pages::create),
        at(urls::INVITE_INBOX).get(AtLeast(Viewer), inbox_pages::index),
        at(urls::INVITE_LINK).get(AtLeast(Viewer), panel_pages::show).post(AtLeast(Member), panel_pages::update),
        at(urls::INVITE_LINK_DELETION).post(AtLeast(Member), panel_pages::remove),
        at(urls::ARRIVAL_ACCEPTANCE).post(AtLeast(Member), inbox_pages::accept),
        at(urls::ARRIVAL_REJECTION).post(AtLeast(Member), inbox_pages::reject),
    ]
}

fn work() -> Vec<RouteEntry> {
    vec![
        at(urls::CONNECTION_VALIDATIONS).post(AtLeast(Member), validation_pages::create),
        at(urls::VALIDATION).get(AtLeast(Viewer), validation_pages::show),
        at(urls::VALIDATION_LIVE).get(AtLeast(Viewer), validation_pages::live),
        at(urls::VALIDATION_CANCELLATION).post(AtLeast(Member), validation_pages::stop),
        at(urls::CONNECTION_STREAMS).get(AtLeast(Member), stream_pages::show).post(AtLeast(Member), stream_pages::save),
        at(urls::CONNECTION_STREAM).get(AtLeast(Member), field_pages::show).post(AtLeast(Member), field_pages::save),
        at(urls::CONNECTION_FINISH).get(AtLeast(Member), finish_pages::show).post(AtLeast(Member), finish_pages::save),
        at(urls::CONNECTION_RUNS).post(AtLeast(Member), run_pages::create),
        at(urls::CONNECTION_HAND_OFF).get(AtLeast(Viewer), hand_off_pages::show),
        at(urls::RUN).get(AtLeast(Viewer), run_pages::show),
        at(urls::RUN_LIVE).get(AtLeast(Viewer), run_pages::live),
        at(urls::RUN_RECORDS).get(AtLeast(Admin), record_pages::show),
        at(urls::RUN_RECORDS_FILE).get(AtLeast(Admin), record_pages::file),
        at(urls::RUN_CANCELLATION).post(AtLeast(Member), run_pages::stop),
    ]
}
