//! `/settings/members/{id}/removal` and `/settings/members/{id}/role`: ask what becomes of what a member made, then do both in one step.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::Departure;
use super::settle::{Decisions, OTHERS, REVOKE, SettleError, settle};
use super::things::{MadeThing, Takers, made_by};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::MemberId;
use crate::features::accounts::guard::Admin;
use crate::features::accounts::{self, HandledMember, MemberCard, Role};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, see_other, unprocessable};
use crate::platform::web::urls;

/// So many things are listed one by one; of more, the rest is decided together.
const MOST_LISTED: usize = 100;
const NO_TAKER: &str = "Whoever was chosen may not have it any more. Choose again";

/// Which role is asked about.
#[derive(Debug, Deserialize)]
pub struct RoleWanted {
    #[serde(default)]
    role: String,
}

/// One choice for a thing.
struct TakerChoice {
    value: String,
    words: String,
    chosen: bool,
}

/// One thing to decide over.
struct ThingView {
    field: String,
    what: &'static str,
    name: String,
    about: String,
    choices: Vec<TakerChoice>,
    problem: &'static str,
}

#[derive(Template)]
#[template(path = "departures/ask.html")]
struct AskPage {
    frame: OwnerFrame,
    tab: &'static str,
    name: String,
    email: String,
    role: &'static str,
    since_date: String,
    since: String,
    /// The role they get, as a form sends it and in words; empty when they are removed.
    new_role: &'static str,
    new_role_words: &'static str,
    invitations: Vec<String>,
    things: Vec<ThingView>,
    /// How many more there are, and what may become of them.
    others: usize,
    others_choices: Vec<TakerChoice>,
    problems: Vec<(String, &'static str)>,
    action: String,
    member_url: String,
}

/// What the page reads of the database.
struct AskedOf {
    member: HandledMember,
    things: Vec<MadeThing>,
    takers: Takers,
}

fn read(conn: &mut Conn, who: &accounts::Acting, departure: &Departure, now: UtcTime) -> AppResult<AskedOf> {
    Ok(AskedOf {
        member: accounts::handled_member(conn, who, &departure.member, departure.role, now)?,
        things: made_by(conn, &who.workspace, departure, now)?,
        takers: Takers::list(conn, &who.workspace, &departure.member)?,
    })
}

async fn ask(
    request: &HttpRequest,
    app: &App,
    admin: &Admin,
    departure: Departure,
    chosen: Decisions,
) -> AppResult<AskPage> {
    let (who, now, asked_of) = (admin.acting(), app.clock.now(), departure.clone());
    let asked = app.db.read(move |conn| read(conn, &who, &asked_of, now)).await?;
    let choices = |takers: Vec<&MemberCard>, field: &str| {
        let to = |card: &MemberCard| TakerChoice {
            value: card.id.to_string(),
            words: if card.id == admin.member_id {
                "Hand over to me".to_owned()
            } else {
                format!("Hand over to {}", card.name)
            },
            chosen: chosen.taker(field) == Some(&card.id),
        };
        let revoke =
            TakerChoice { value: REVOKE.to_owned(), words: "Revoke".to_owned(), chosen: chosen.taker(field).is_none() };
        let (own, others): (Vec<_>, Vec<_>) = takers.into_iter().partition(|card| card.id == admin.member_id);
        std::iter::once(revoke).chain(own.into_iter().chain(others).map(to)).collect::<Vec<_>>()
    };
    let more = asked.things.get(MOST_LISTED..).unwrap_or_default();
    let others_choices = more.first().map(|thing| choices(asked.takers.of(thing).collect(), OTHERS));
    let listed = asked.things.iter().take(MOST_LISTED);
    let role = departure.role;
    Ok(AskPage {
        frame: admin.frame(request, app, "settings"),
        tab: urls::SETTINGS_MEMBERS,
        role: asked.member.role.words(),
        since_date: asked.member.since.iso().split('T').next().unwrap_or_default().to_owned(),
        since: asked.member.since.short(),
        new_role: role.map_or("", |role| role.as_str()),
        new_role_words: role.map_or("", Role::words),
        invitations: asked.member.ending_invitations,
        others: more.len(),
        others_choices: others_choices.unwrap_or_default(),
        things: listed.map(|thing| view(thing, choices(asked.takers.of(thing).collect(), &thing.field()))).collect(),
        problems: Vec::new(),
        action: match role {
            None => urls::member_removal(&departure.member),
            Some(_) => urls::member_role(&departure.member),
        },
        member_url: urls::member(&departure.member),
        name: asked.member.card.name,
        email: asked.member.card.email,
    })
}

fn view(thing: &MadeThing, choices: Vec<TakerChoice>) -> ThingView {
    let (what, name, about) = match thing {
        MadeThing::Key(key) => {
            let used = key.last_used_at.map_or("never used".to_owned(), |at| format!("last used {}", at.short()));
            let may: Vec<&str> = key.scopes().into_iter().map(|scope| scope.words()).collect();
            ("API key", key.name.clone(), format!("Begins with {}, {used}. May: {}.", key.prefix, may.join(", ")))
        }
        MadeThing::SetupLink(link, connection) => {
            let whom = if link.recipient.is_empty() { String::new() } else { format!("For {}. ", link.recipient) };
            let until = link.expires_at.words();
            ("Setup link", connection.description.clone(), format!("{whom}Open until {until}."))
        }
        MadeThing::InviteLink(link) => {
            let until =
                link.expiry().moment().map_or("Without an end".to_owned(), |at| format!("Open until {}", at.words()));
            let made = match link.connection_count {
                1 => "1 connection".to_owned(),
                count => format!("{count} connections"),
            };
            ("Invite link", link.name.clone(), format!("{until}. It has made {made}."))
        }
    };
    ThingView { field: thing.field(), what, name, about, choices, problem: "" }
}

/// `GET /settings/members/{id}/removal`: asks first.
pub async fn confirm_removal(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
) -> PageResult {
    let departure = Departure { member: MemberId::from_text(&id), role: None };
    page(&ask(&request, &app, &member, departure, Decisions::default()).await?)
}

/// `POST /settings/members/{id}/removal`
pub async fn remove(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let departure = Departure { member: MemberId::from_text(&id), role: None };
    done(&request, &app, &member, departure, form).await
}

/// `GET /settings/members/{id}/role`: asks what becomes of what the role that is wanted may not have.
pub async fn confirm_role(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    wanted: web::Query<RoleWanted>,
) -> PageResult {
    let id = MemberId::from_text(&id);
    let Some(role) = Role::parse(&wanted.role) else {
        let (who, now, of) = (member.acting(), app.clock.now(), id.clone());
        // Somebody else's member is nobody here, whatever is asked of them.
        app.db.read(move |conn| accounts::handled_member(conn, &who, &of, None, now).map(drop)).await?;
        return Ok(see_other(&urls::member(&id)));
    };
    let departure = Departure { member: id, role: Some(role) };
    page(&ask(&request, &app, &member, departure, Decisions::default()).await?)
}

/// `POST /settings/members/{id}/role`: changes it, or leads to the page that asks first.
pub async fn change_role(
    request: HttpRequest,
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let first = |name: &str| form.value.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let role = Role::parse(first("role").unwrap_or_default()).ok_or(AppError::Unreadable("no such role"))?;
    let departure = Departure { member: MemberId::from_text(&id), role: Some(role) };
    if first("decided").is_none() {
        let (who, now, asked_of) = (member.acting(), app.clock.now(), departure.clone());
        let made = app.db.read(move |conn| made_by(conn, &who.workspace, &asked_of, now)).await?;
        if !made.is_empty() {
            return Ok(see_other(&format!("{}?role={}", urls::member_role(&departure.member), role.as_str())));
        }
    }
    done(&request, &app, &member, departure, form).await
}

async fn done(
    request: &HttpRequest,
    app: &App,
    admin: &Admin,
    departure: Departure,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let decisions = Decisions::read(&form.value);
    let (who, doing, decided) = (admin.acting(), departure.clone(), decisions.clone());
    let flash = if departure.role.is_some() { Flash::RoleChanged } else { Flash::MemberRemoved };
    match app.try_write(move |tx| settle(tx, &who, &doing, &decided)).await {
        Ok(()) => Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_MEMBERS, flash)),
        Err(SettleError::Other(error)) => Err(error.into()),
        Err(SettleError::NoTaker(field)) => {
            let mut view = ask(request, app, admin, departure, decisions).await?;
            for thing in view.things.iter_mut().filter(|thing| thing.field == field) {
                thing.problem = NO_TAKER;
            }
            let listed = view.things.iter().any(|thing| thing.field == field);
            view.problems = vec![(if listed { field } else { OTHERS.to_owned() }, NO_TAKER)];
            unprocessable(&view)
        }
    }
}
