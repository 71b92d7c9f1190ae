//! What a recipient sees of signing in: the button with what it allows, and later who signed in, what is missing and which accounts
//! there are. It stands inside the link's form, so that whatever is typed beside it travels with every button.

use askama::Template;

use super::desk::{ACCOUNT_FIELD, INPUT_FIELD, SEARCH_FIELD};
use super::folder::Trouble;
use super::{Desk, PlanError, SignedIn};
use crate::base::error::AppResult;
use crate::base::forms::RawForm;
use crate::connectors::provider::{AccountRules, InputKind, InputProblem, InputRule, ProviderScope};
use crate::features::oauth::wire::Account;

/// More accounts than this and there is a field to look for one.
const MANY: usize = 10;
/// No more accounts than this are shown at once.
const MOST_SHOWN: usize = 200;

/// What the panel is made for.
#[derive(Default)]
pub struct Asked<'a> {
    /// The asking workspace.
    pub workspace: &'a str,
    /// What was sent, when it is shown again.
    pub raw: Option<&'a RawForm>,
    /// What is wrong with the accounts that were chosen.
    pub problem: Option<PlanError>,
    /// What is wrong with what was answered before leaving.
    pub input_problems: &'a [InputProblem],
    /// Whether accounts are chosen here; not when the same account signs in again.
    pub chooses: bool,
}

/// The panel, and what is wrong in it: (id of the field, sentence).
pub struct Panel {
    /// Markup, ready to stand in the form.
    pub html: String,
    /// For the summary.
    pub problems: Vec<(String, String)>,
}

struct OptionView {
    value: String,
    label: String,
    chosen: bool,
}

struct InputView {
    id: String,
    name: String,
    label: String,
    hint: String,
    suffix: String,
    value: String,
    options: Vec<OptionView>,
    problem: String,
}

struct AccountView {
    id: String,
    label: String,
    detail: String,
    chosen: bool,
}

struct AccountsView {
    noun: String,
    one: String,
    several: bool,
    optional: String,
    rows: Vec<AccountView>,
    total: usize,
    hidden: usize,
    search: String,
    has_search: bool,
    failed: bool,
    cut: bool,
    problem: String,
}

#[derive(Template)]
#[template(path = "oauth/panel.html")]
struct PanelView<'a> {
    workspace: &'a str,
    provider: &'a str,
    button: String,
    trouble: String,
    is_again: bool,
    allowed: Vec<&'a str>,
    inputs: Vec<InputView>,
    inputs_wrong: bool,
    signed_in: Option<SignedInView<'a>>,
}

struct SignedInView<'a> {
    label: String,
    granted: Vec<&'a str>,
    missing: Vec<&'a str>,
    accounts: Option<AccountsView>,
}

/// Makes the panel; `None` when there is no app to sign in with.
///
/// # Errors
/// Only internal ones.
pub fn panel(desk: &Desk, asked: &Asked<'_>) -> AppResult<Option<Panel>> {
    if !desk.is_ready() {
        return Ok(None);
    }
    let block = &desk.block;
    let signed_in = desk.signed_in().map(|signed_in| signed_in_view(desk, signed_in, asked));
    let view = PanelView {
        workspace: asked.workspace,
        provider: &block.name,
        button: block.button(),
        trouble: desk.trouble().map(|trouble| trouble.sentence(&block.name)).unwrap_or_default(),
        is_again: !asked.chooses,
        allowed: block.scopes.iter().map(|scope| scope.words.as_str()).collect(),
        inputs: block.inputs.iter().map(|rule| input_view(desk, rule, asked)).collect(),
        inputs_wrong: !asked.input_problems.is_empty(),
        signed_in,
    };
    Ok(Some(Panel { problems: view.problems(), html: view.render()? }))
}

impl PanelView<'_> {
    fn problems(&self) -> Vec<(String, String)> {
        let inputs = self.inputs.iter().filter(|input| !input.problem.is_empty());
        let mut problems: Vec<(String, String)> =
            inputs.map(|input| (input.id.clone(), input.problem.clone())).collect();
        let accounts = self.signed_in.as_ref().and_then(|signed_in| signed_in.accounts.as_ref());
        let wrong = accounts.filter(|accounts| !accounts.problem.is_empty());
        problems.extend(wrong.map(|accounts| ("accounts".to_owned(), accounts.problem.clone())));
        problems
    }
}

fn words<'a>(scopes: impl IntoIterator<Item = &'a ProviderScope>) -> Vec<&'a str> {
    scopes.into_iter().map(|scope| scope.words.as_str()).collect()
}

fn signed_in_view<'a>(desk: &'a Desk, signed_in: &SignedIn, asked: &Asked<'_>) -> SignedInView<'a> {
    let (block, held) = (&desk.block, &signed_in.held);
    let granted = held.granted.as_deref();
    let has = |scope: &&ProviderScope| granted.is_some_and(|granted| scope.is_among(granted));
    let listed = block.accounts.as_ref().filter(|_| asked.chooses);
    SignedInView {
        label: held.identity.as_ref().map(|who| who.label.clone()).unwrap_or_default(),
        granted: words(block.scopes.iter().filter(has)),
        missing: words(block.missing_scopes(granted)),
        accounts: listed.map(|rules| accounts_view(desk, rules, signed_in, asked)),
    }
}

fn accounts_view(desk: &Desk, rules: &AccountRules, signed_in: &SignedIn, asked: &Asked<'_>) -> AccountsView {
    let held = &signed_in.held;
    let resume = desk.folder().map(|folder| &folder.resume);
    let chosen: Vec<String> = match asked.raw {
        Some(raw) => raw.all(ACCOUNT_FIELD).map(str::to_owned).collect(),
        None => resume.map(|resume| resume.chosen.clone()).unwrap_or_default(),
    };
    let search = match asked.raw {
        Some(raw) => raw.first(SEARCH_FIELD).unwrap_or_default().trim().to_owned(),
        None => resume.map(|resume| resume.search.clone()).unwrap_or_default(),
    };
    let wanted = search.to_lowercase();
    let fits = |account: &Account| {
        let text = format!("{} {} {}", account.label, account.id, account.detail).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
    };
    let is_chosen = |account: &Account| chosen.contains(&account.id);
    let only = held.accounts.len() == 1 && !rules.target.selection.may_be_empty();
    let row = |account: &Account| AccountView {
        id: account.id.clone(),
        label: account.label.clone(),
        detail: account.detail.clone(),
        chosen: only || is_chosen(account),
    };
    let mut rows: Vec<AccountView> = held.accounts.iter().filter(|account| is_chosen(account)).map(row).collect();
    rows.extend(held.accounts.iter().filter(|account| !is_chosen(account) && fits(account)).map(row));
    let hidden = rows.len().saturating_sub(MOST_SHOWN);
    rows.truncate(MOST_SHOWN);
    AccountsView {
        noun: rules.noun.clone(),
        one: rules.one.clone(),
        several: rules.target.selection.is_multi() || desk.door.takes_each_account(),
        optional: if rules.target.selection.may_be_empty() { rules.target.empty_means.clone() } else { String::new() },
        rows,
        total: held.accounts.len(),
        hidden,
        has_search: held.accounts.len() > MANY,
        search,
        failed: held.accounts_failed,
        cut: held.accounts_cut,
        problem: asked.problem.map(|problem| problem.sentence(rules)).unwrap_or_default(),
    }
}

fn input_view(desk: &Desk, rule: &InputRule, asked: &Asked<'_>) -> InputView {
    let name = format!("{INPUT_FIELD}{}", rule.name);
    let typed = match asked.raw {
        Some(raw) => raw.first(&name).map(str::to_owned),
        None => desk.folder().and_then(|folder| folder.inputs.get(&rule.name).cloned()),
    };
    let value = typed.unwrap_or_default();
    let (suffix, options) = match &rule.kind {
        InputKind::Label { suffix, .. } => (suffix.clone(), Vec::new()),
        InputKind::Choice(options) => {
            let first = options.first().map(|option| option.value.clone()).unwrap_or_default();
            let stands = if value.is_empty() { first } else { value.clone() };
            let view = options.iter().map(|option| OptionView {
                value: option.value.clone(),
                label: option.label.clone(),
                chosen: option.value == stands,
            });
            (String::new(), view.collect())
        }
    };
    let problem = asked.input_problems.iter().find(|problem| problem.name == rule.name);
    InputView {
        id: format!("sign-in-{}", rule.name.replace('_', "-")),
        name,
        label: rule.label.clone(),
        hint: rule.hint.clone(),
        suffix,
        value,
        options,
        problem: problem.map(|problem| problem.sentence.clone()).unwrap_or_default(),
    }
}

impl PlanError {
    fn sentence(self, rules: &AccountRules) -> String {
        match self {
            Self::NoAccount if rules.target.selection.is_multi() => format!("Choose at least one {}", rules.one),
            Self::NoAccount => format!("Choose one {}", rules.one),
            Self::TooManyAccounts => format!("Choose one {} only", rules.one),
            Self::UnknownAccount => format!("Choose from the {} of this list", rules.noun),
            Self::NoRoom => format!("This link has no room for so many {}. Choose fewer", rules.noun),
        }
    }
}

impl Trouble {
    fn sentence(self, provider: &str) -> String {
        match self {
            Self::Denied => format!("You did not give permission at {provider}. Nothing was sent. You can try again."),
            Self::Refused => format!("{provider} did not complete the sign-in. Nothing was sent. You can try again."),
            Self::Down => format!("{provider} did not answer. Nothing was sent. Try again in a few minutes."),
            Self::Garbled => {
                format!("{provider} answered in a way we do not understand. Nothing was sent. You can try again.")
            }
            Self::NoLastingAccess => format!(
                "{provider} gave access for a short time only. Nothing was sent. Remove this app in the settings of your {provider} account, then sign in again."
            ),
            Self::App => format!(
                "Signing in with {provider} is not set up correctly here. Nothing was sent. Please tell the person who sent you this link."
            ),
        }
    }
}
