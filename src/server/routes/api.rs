//! The API: what programs may do, in the order of its document.

use super::entry::{ApiEntry, endpoint};
use crate::console::catalogue::api as connectors_api;
use crate::console::connections::{api as connections_api, credentials_api, host_key_api};
use crate::console::handoff::api as hand_off_api;
use crate::console::validations::api as validations_api;
use crate::features::accounts::api_keys::Scope::{
    CredentialsRead, EngineWrite, InviteLinksRead, InviteLinksWrite, LinksRead, LinksWrite, OutputLayersWrite,
    RecordsRead, RunsRead, RunsWrite, SourcesRead, ValidationsWrite,
};
use crate::features::accounts::api_keys::guard::{Destinations, Side, Sources};
use crate::features::extraction_engine::api as engine_api;
use crate::features::invite_links::api as invites_api;
use crate::features::outputs::api as layers_api;
use crate::features::setup_links::api as links_api;
use crate::features::webhooks::api as deliveries_api;
use crate::features::work::runs::api as runs_api;
use crate::features::work::runs::records::api as records_api;
use crate::platform::web::urls;

pub(super) fn endpoints() -> impl Iterator<Item = ApiEntry> {
    [
        of_side::<Sources>(),
        of_side::<Destinations>(),
        connectors::<Sources>(),
        connectors::<Destinations>(),
        invite_links(),
        validations(),
        runs(),
        output_layers(),
        engine(),
        vec![endpoint(urls::API_HAND_OFF).get(SourcesRead, hand_off_api::show, hand_off_api::operation())],
    ]
    .into_iter()
    .flatten()
}

/// The same path for sources and for destinations.
fn at<S: Side>(pattern: &str) -> ApiEntry {
    endpoint(pattern.replace("{plural}", S::PLURAL).replace("{kind}", S::KIND.as_str()))
}

fn of_side<S: Side>() -> Vec<ApiEntry> {
    let [list, create, show, update, delete] = connections_api::operations::<S>();
    let [links, make_link, withdraw_link] = links_api::operations::<S>();
    let [deliveries, test, delivery, send_again] = deliveries_api::operations::<S>();
    let (credentials, revalidate) = (credentials_api::operation::<S>(), validations_api::revalidation::<S>());
    vec![
        at::<S>(urls::API_CONNECTIONS).get(S::READ, connections_api::list::<S>, list).post(
            S::WRITE,
            connections_api::create::<S>,
            create,
        ),
        at::<S>(urls::API_CONNECTION)
            .get(S::READ, connections_api::show::<S>, show)
            .patch(S::WRITE, connections_api::update::<S>, update)
            .delete(S::WRITE, connections_api::delete::<S>, delete),
        at::<S>(urls::API_CREDENTIALS).get_without_head(CredentialsRead, credentials_api::show::<S>, credentials),
        at::<S>(urls::API_SETUP_TOKENS).get(LinksRead, links_api::index::<S>, links).post(
            LinksWrite,
            links_api::create::<S>,
            make_link,
        ),
        at::<S>(urls::API_SETUP_TOKEN).delete(LinksWrite, links_api::withdraw::<S>, withdraw_link),
        at::<S>(urls::API_REVALIDATION).post(ValidationsWrite, validations_api::revalidate::<S>, revalidate),
        at::<S>(urls::API_HOST_KEY).post(S::WRITE, host_key_api::accept::<S>, host_key_api::operation::<S>()),
        at::<S>(urls::API_DELIVERIES).get(S::READ, deliveries_api::index::<S>, deliveries).post(
            S::WRITE,
            deliveries_api::test::<S>,
            test,
        ),
        at::<S>(urls::API_DELIVERY).get(S::READ, deliveries_api::show::<S>, delivery),
        at::<S>(urls::API_DELIVERY_RESEND).post(S::WRITE, deliveries_api::send_again::<S>, send_again),
    ]
}

fn connectors<S: Side>() -> Vec<ApiEntry> {
    let [list, show] = connectors_api::operations::<S>();
    vec![
        at::<S>(urls::API_CONNECTORS).get(S::READ, connectors_api::index::<S>, list),
        at::<S>(urls::API_CONNECTOR).get(S::READ, connectors_api::show::<S>, show),
    ]
}

fn invite_links() -> Vec<ApiEntry> {
    let [list, create, show, update, remove, arrived] = invites_api::operations();
    vec![
        endpoint(urls::API_INVITE_LINKS).get(InviteLinksRead, invites_api::index, list).post(
            InviteLinksWrite,
            invites_api::create,
            create,
        ),
        endpoint(urls::API_INVITE_LINK)
            .get(InviteLinksRead, invites_api::show, show)
            .patch(InviteLinksWrite, invites_api::update, update)
            .delete(InviteLinksWrite, invites_api::remove, remove),
        endpoint(urls::API_INVITE_LINK_CONNECTIONS).get(InviteLinksRead, invites_api::arrived, arrived),
    ]
}

fn validations() -> Vec<ApiEntry> {
    let [show, stop, logs] = validations_api::operations();
    vec![
        endpoint(urls::API_VALIDATION).get(ValidationsWrite, validations_api::show, show),
        endpoint(urls::API_VALIDATION_CANCEL).post(ValidationsWrite, validations_api::stop, stop),
        endpoint(urls::API_VALIDATION_LOGS).get(ValidationsWrite, validations_api::logs, logs),
    ]
}

fn runs() -> Vec<ApiEntry> {
    let [list, show, stop, logs, trigger] = runs_api::operations();
    let [first, file] = records_api::operations();
    vec![
        endpoint(urls::API_RUNS).get(RunsRead, runs_api::index, list),
        endpoint(urls::API_RUN).get(RunsRead, runs_api::show, show),
        endpoint(urls::API_RUN_CANCEL).post(RunsWrite, runs_api::stop, stop),
        endpoint(urls::API_RUN_LOGS).get(RunsRead, runs_api::logs, logs),
        endpoint(urls::API_RUN_RECORDS).get_without_head(RecordsRead, records_api::index, first),
        endpoint(urls::API_RUN_RECORDS_FILE).get_without_head(RecordsRead, records_api::file, file),
        endpoint(urls::API_TRIGGER).post(RunsWrite, runs_api::trigger, trigger),
    ]
}

fn engine() -> Vec<ApiEntry> {
    let [show, update, remove, check] = engine_api::operations();
    vec![
        endpoint(urls::API_ENGINE)
            .get(RunsRead, engine_api::show, show)
            .patch(EngineWrite, engine_api::update, update)
            .delete(EngineWrite, engine_api::remove, remove),
        endpoint(urls::API_ENGINE_CHECK).post(EngineWrite, engine_api::check, check),
    ]
}

fn output_layers() -> Vec<ApiEntry> {
    let [list, create, show, update, remove, check] = layers_api::operations();
    vec![
        endpoint(urls::API_OUTPUT_LAYERS).get(RunsRead, layers_api::index, list).post(
            OutputLayersWrite,
            layers_api::create,
            create,
        ),
        endpoint(urls::API_OUTPUT_LAYER)
            .get(RunsRead, layers_api::show, show)
            .patch(OutputLayersWrite, layers_api::update, update)
            .delete(OutputLayersWrite, layers_api::remove, remove),
        endpoint(urls::API_OUTPUT_LAYER_CHECK).post(OutputLayersWrite, layers_api::check, check),
    ]
}
