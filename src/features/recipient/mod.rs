//! What setup links and invite links share towards the person outside and whoever passes a link on: how a link is shown, what its
//! pages and receipts say alike, and the secrets that are held between two tries of a form.

mod qr;
mod receipt;
mod recipient;
mod texts;

pub use qr::{QrPath, qr_path};
pub use receipt::{NamedField, names, read_names, receipt_number, titles};
pub use recipient::{Asker, When, problems_title, recipient_frame};
pub use texts::ReadyTexts;
pub mod held;
