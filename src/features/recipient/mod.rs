//! What setup links and invite links share towards the person outside and whoever passes a link on.
//!
//! A token becomes a [`KnownLink`] and, when it opens, an [`OpenLink`] (`guard.rs`; else `dead_page.rs`); what is shown and typed is a
//! [`RecipientForm`] (`form.rs`, `form_page.rs`); what is sent is a [`FormRequest`] that ends in `submit` and a receipt. The kinds of
//! links say where they differ in [`RecipientLink`] and [`TakesSubmissions`].
//!
//! Invariants: GET and HEAD spend nothing; a submission is one transaction that spends the link, takes the sign-in and stores what was
//! handed over; whatever is refused comes back with everything that was typed, secrets held sealed.

mod dead_page;
mod form;
mod form_page;
mod form_request;
mod guard;
pub mod held;
mod link;
mod qr;
mod ready_texts;
mod receipt;
mod reply;
mod standing;
mod submit;
mod words;

pub use form::RecipientForm;
pub(crate) use form_request::show_form;
pub use form_request::{FormRequest, SentForm};
pub use link::{Ended, KnownLink, LinkFacts, LinkWords, OpenLink, RecipientLink};
pub use qr::{QrPath, qr_path};
pub use ready_texts::ReadyTexts;
pub(crate) use receipt::read_names;
pub use receipt::{NamedField, ReceiptOf, ReceiptPage, ReceiptRow, titles};
pub use reply::{FormReply, TestView};
pub(crate) use submit::submit;
pub use submit::{FormMark, NewReceipt, RecipientSubmission, SentBefore, SubmitError, TakesSubmissions};
pub use words::{Asker, When, ZoneChoice, problems_title};
