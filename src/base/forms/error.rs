//! What is wrong with one field, in words a person can act on.

use std::fmt;

use super::{FieldPath, PasteFault};

/// One field that needs attention. Never holds what was typed.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Where the value belongs in the configuration.
    pub path: FieldPath,
    /// The form field's name, so that a page can link to it; empty when the error did not come from a form.
    pub name: String,
    /// How the form calls the field.
    pub label: String,
    /// What tells it from others of the same label: the row ("Report 2") or the group ("SSH tunnel") it stands in.
    pub within: Option<String>,
    /// The field takes a secret.
    pub secret: bool,
    /// What is wrong.
    pub code: ValueProblem,
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueProblem {
    /// Nothing was entered and the connector needs it.
    Missing,
    /// Nothing was chosen and the connector needs a choice.
    NotChosen,
    /// Not a whole number.
    NotWhole,
    /// Not a number.
    NotNumber,
    /// A number that would be rounded.
    NotExact,
    /// A comma stands where a point or nothing should: `1,5` and `1,000` are not guessed at.
    Comma,
    /// Outside the allowed numbers.
    Range(Bounds),
    /// Not a multiple of this number.
    Step(f64),
    /// Does not match the connector's pattern. Holds an example or a description of the form, when the connector
    /// gives one.
    Pattern {
        /// A value that would be right.
        example: Option<String>,
        /// The connector's own description of the form.
        form: Option<String>,
    },
    /// Fewer characters than this.
    TooShort(usize),
    /// More characters than this.
    TooLong(usize),
    /// More than [`super::MAX_FIELD_BYTES`].
    TooLarge,
    /// Holds a character that no setting can have: one that controls, or a line end where the field is one line.
    ControlCharacter,
    /// Not among the offered answers.
    NotOffered,
    /// Not a real calendar date.
    NotDate,
    /// Not a date with a time.
    NotDateTime,
    /// Not an absolute web address.
    NotUrl,
    /// Not an e-mail address.
    NotEmail,
    /// Not JSON; where the reading stopped, counted from 1.
    NotJson {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// JSON, but not an object in braces.
    NotObject,
    /// JSON, but not a list in brackets.
    NotList,
    /// Fewer entries than this.
    TooFew(usize),
    /// More entries than this.
    TooMany(usize),
    /// One line of several is wrong; counted from 1.
    Line(usize, Box<ValueProblem>),
    /// The connector has no such setting.
    Unknown,
    /// Another kind of value is needed; the word says which ("text", "true or false").
    WrongKind(&'static str),
    /// The connector fixes this value and another was given.
    Fixed,
    /// It is stored, and was given for another address than the one that is named now.
    AddressChanged,
    /// Somebody else changed it while the form was open, and to something else.
    Meanwhile(Meanwhile),
    /// A reference that stands for no secret of this field.
    UnknownReference,
    /// What was pasted cannot be what the field takes.
    Pasted(PasteFault),
    /// A password begins or ends with a space, and whoever typed it has not said whether it belongs to it.
    EdgeSpace,
}

/// What somebody else did with a field while a form was open. Values are in it only where whoever filled in the form may see them.
#[derive(Clone, PartialEq, Eq)]
pub enum Meanwhile {
    /// They answered it. Nothing more is said.
    Answered,
    /// They changed it.
    Changed {
        /// Their name, possibly empty.
        who: String,
        /// To what, in words; nothing of a secret.
        to: Option<String>,
    },
    /// They took the value away.
    Removed {
        /// Their name, possibly empty.
        who: String,
    },
    /// The row is not there any more.
    RowGone,
}

/// The numbers a field takes. `None` is no bound on that side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Smallest value, itself allowed.
    pub min: Option<f64>,
    /// Greatest value, itself allowed.
    pub max: Option<f64>,
    /// The value must be greater than this.
    pub above: Option<f64>,
    /// The value must be less than this.
    pub below: Option<f64>,
}

impl Bounds {
    /// Whether the number lies inside.
    #[must_use]
    pub fn hold(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min)
            && self.max.is_none_or(|max| number <= max)
            && self.above.is_none_or(|above| number > above)
            && self.below.is_none_or(|below| number < below)
    }

    /// "between 1 and 65535", "1 or more"; nothing when every number is allowed.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let low = match (self.min, self.above) {
            (Some(min), _) => Some(format!("{min} or more")),
            (None, Some(above)) => Some(format!("more than {above}")),
            (None, None) => None,
        };
        let high = match (self.max, self.below) {
            (Some(max), _) => Some(format!("{max} or less")),
            (None, Some(below)) => Some(format!("less than {below}")),
            (None, None) => None,
        };
        match (self.min, self.max, low, high) {
            (Some(min), Some(max), _, _) => Some(format!("between {min} and {max}")),
            (_, _, Some(low), Some(high)) => Some(format!("{low}, and {high}")),
            (_, _, low, high) => low.or(high),
        }
    }
}

impl FieldError {
    /// The sentence shown at the field and, in the same words, in the summary on top of the page.
    #[must_use]
    pub fn sentence(&self) -> String {
        let bare = self.code.sentence(&self.label);
        match &self.within {
            Some(within) => format!("{within}: {}", lower_first(&bare)),
            None => bare,
        }
    }
}

impl ValueProblem {
    /// Whether the field is merely empty, not wrong.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::NotChosen)
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing | Self::NotChosen => "missing",
            Self::NotWhole => "not_an_integer",
            Self::NotNumber | Self::Comma => "not_a_number",
            Self::NotExact => "number_not_exact",
            Self::Range(_) | Self::Step(_) => "out_of_range",
            Self::Pattern { .. } => "pattern",
            Self::TooShort(_) => "too_short",
            Self::TooLong(_) | Self::TooLarge => "too_long",
            Self::ControlCharacter => "control_character",
            Self::NotOffered => "not_an_option",
            Self::NotDate => "not_a_date",
            Self::NotDateTime => "not_a_date_time",
            Self::NotUrl => "not_a_url",
            Self::NotEmail => "not_an_email",
            Self::NotJson { .. } => "not_json",
            Self::NotObject | Self::NotList | Self::WrongKind(_) => "wrong_type",
            Self::TooFew(_) => "too_few",
            Self::TooMany(_) => "too_many",
            Self::Line(_, inner) => inner.code(),
            Self::Unknown => "unknown_field",
            Self::Fixed => "fixed_value",
            Self::AddressChanged => "address_changed",
            Self::Meanwhile(_) => "changed_meanwhile",
            Self::UnknownReference => "unknown_reference",
            Self::Pasted(fault) => fault.code(),
            Self::EdgeSpace => "space_at_edge",
        }
    }

    fn sentence(&self, label: &str) -> String {
        let inline = lower_first(label);
        match self {
            Self::Missing => format!("Enter {inline}"),
            Self::NotChosen => format!("Choose {inline}"),
            Self::Pattern { example: None, form: Some(form) } if form.len() > 40 => {
                format!("{label} does not fit: {form}")
            }
            Self::Line(number, inner) => format!("{label}, line {number}: {}", inner.rule()),
            Self::Unknown => format!("{label} is not a setting of this connector"),
            Self::AddressChanged => format!("Enter {inline} again, because the address has changed"),
            Self::Meanwhile(meanwhile) => meanwhile.sentence(label),
            Self::TooFew(1) => format!("Enter at least one entry for {inline}"),
            other => format!("{label} {}", other.rule()),
        }
    }

    /// The end of a sentence that begins with the field's name.
    fn rule(&self) -> String {
        match self {
            Self::Missing | Self::NotChosen => "must not be empty".to_owned(),
            Self::NotWhole => "must be a whole number, like 5432".to_owned(),
            Self::NotNumber => "must be a number, like 2.5".to_owned(),
            Self::NotExact => "has more digits than can be kept exactly".to_owned(),
            Self::Comma => "must be a number without a comma, like 1000 or 2.5".to_owned(),
            Self::Range(bounds) => {
                bounds.words().map_or_else(|| "must be another number".to_owned(), |words| format!("must be {words}"))
            }
            Self::Step(step) => format!("must be a multiple of {step}"),
            Self::Pattern { example: Some(example), .. } => format!("must look like {example}"),
            Self::Pattern { form: Some(form), .. } => format!("must look like {form}"),
            Self::Pattern { .. } => "does not have the form that this connector expects".to_owned(),
            Self::TooShort(least) => format!("must be {least} characters or more"),
            Self::TooLong(most) => format!("must be {most} characters or fewer"),
            Self::TooLarge => "must be smaller than 1 MB".to_owned(),
            Self::ControlCharacter => "must not hold control characters".to_owned(),
            Self::NotOffered => "must be one of the answers on this page".to_owned(),
            Self::NotDate => "must be a real date, like 2026-03-14".to_owned(),
            Self::NotDateTime => "must be a date with a time, like 2026-03-14T09:30:00Z".to_owned(),
            Self::NotUrl => "must be a whole web address, like https://example.com".to_owned(),
            Self::NotEmail => "must be an e-mail address, like ana@example.com".to_owned(),
            Self::NotJson { line, column } => format!("must be JSON; reading stopped at line {line}, column {column}"),
            Self::NotObject => "must be a JSON object, in braces".to_owned(),
            Self::NotList => "must be a JSON list, in brackets".to_owned(),
            Self::TooFew(least) => format!("must have at least {least} entries"),
            Self::TooMany(most) => format!("must have {most} entries or fewer"),
            Self::Line(number, inner) => format!("line {number} {}", inner.rule()),
            Self::Unknown => "is not known".to_owned(),
            Self::WrongKind(kind) => format!("must be {kind}"),
            Self::Fixed => "is fixed by the connector and cannot be changed".to_owned(),
            Self::AddressChanged => "must be entered again, because the address has changed".to_owned(),
            Self::Meanwhile(_) => "was changed by somebody else meanwhile".to_owned(),
            Self::UnknownReference => {
                "refers to a secret that is not there: send back the reference you were given, or a value".to_owned()
            }
            Self::Pasted(fault) => fault.words(),
            Self::EdgeSpace => "begins or ends with a space. Say whether it belongs to it".to_owned(),
        }
    }
}

impl fmt::Debug for Meanwhile {
    /// What was answered is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "Answered",
            Self::Changed { .. } => "Changed",
            Self::Removed { .. } => "Removed",
            Self::RowGone => "RowGone",
        })
    }
}

impl Meanwhile {
    fn sentence(&self, label: &str) -> String {
        let name = |who: &str| if who.is_empty() { "Somebody".to_owned() } else { who.to_owned() };
        match self {
            Self::Answered => {
                format!(
                    "{label}: somebody else has answered this meanwhile. Send again to put your answer in its place"
                )
            }
            Self::Changed { who, to: Some(to) } => format!(
                "{label}: {} changed this to {to} while this page was open. Send again to put yours in its place",
                name(who)
            ),
            Self::Changed { who, to: None } => format!(
                "{label}: {} changed this while this page was open. Send again to put yours in its place",
                name(who)
            ),
            Self::Removed { who } => format!(
                "{label}: {} took this away while this page was open. Send again to put yours in its place",
                name(who)
            ),
            Self::RowGone => {
                format!(
                    "{label}: somebody took away what you changed while this page was open. Send again to add yours anew"
                )
            }
        }
    }
}

/// "Host" inside a sentence is "host"; "API token" and "Ana" style names with inner capitals stay.
fn lower_first(text: &str) -> String {
    let first_word = text.split(' ').next().unwrap_or_default();
    let plain =
        first_word.chars().skip(1).all(|letter| letter.is_lowercase() || matches!(letter, ':' | ',' | '-' | '\''))
            && first_word.chars().count() > 1;
    if !plain {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(label: &str, within: Option<&str>, code: ValueProblem) -> String {
        let error = FieldError {
            path: FieldPath::root(),
            name: String::new(),
            label: label.into(),
            within: within.map(Into::into),
            secret: false,
            code,
        };
        error.sentence()
    }

    #[test]
    fn sentences_read_like_sentences() {
        let ports = Bounds { min: Some(1.0), max: Some(65535.0), ..Bounds::default() };
        assert_eq!(sentence("Host", None, ValueProblem::Missing), "Enter host");
        assert_eq!(sentence("API token", None, ValueProblem::Missing), "Enter API token");
        assert_eq!(sentence("Port", None, ValueProblem::NotWhole), "Port must be a whole number, like 5432");
        assert_eq!(sentence("Port", None, ValueProblem::Range(ports)), "Port must be between 1 and 65535");
        assert_eq!(sentence("Name", Some("Report 2"), ValueProblem::Missing), "Report 2: enter name");
        assert_eq!(
            sentence("IDs", None, ValueProblem::Line(3, Box::new(ValueProblem::NotWhole))),
            "IDs, line 3: must be a whole number, like 5432"
        );
        assert_eq!(
            sentence("Password", None, ValueProblem::AddressChanged),
            "Enter password again, because the address has changed"
        );
        let form = ValueProblem::Pattern { example: None, form: Some("YYYY-MM-DD".into()) };
        assert_eq!(sentence("Start date", None, form), "Start date must look like YYYY-MM-DD");
    }
}
