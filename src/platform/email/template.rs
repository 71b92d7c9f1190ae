//! Mails are rendered from templates: what one says, and the three files it is written in.

use super::EmailMessage;

/// What one mail says to whoever receives it; `email_templates!` names the three templates it is rendered with.
pub trait EmailContext {
    /// The mail to one receiver.
    ///
    /// # Errors
    /// A template cannot be rendered.
    fn render(&self, to: &str, to_name: &str) -> askama::Result<EmailMessage>;
}

/// Names the templates of a mail, `email_templates!(Context, "subject.txt", "body.txt", "body.html")`. In them `name` is the receiver's
/// name and `context` what the mail says.
macro_rules! email_templates {
    ($context:ty, $subject:tt, $text:tt, $html:tt) => {
        impl $crate::platform::email::EmailContext for $context {
            fn render(&self, to: &str, name: &str) -> askama::Result<$crate::platform::email::EmailMessage> {
                $crate::platform::email::email_templates!(@part Subject, $subject, $context);
                $crate::platform::email::email_templates!(@part Text, $text, $context);
                $crate::platform::email::email_templates!(@part Html, $html, $context);
                Ok($crate::platform::email::EmailMessage {
                    to: to.to_owned(),
                    to_name: name.to_owned(),
                    reply_to: None,
                    subject: askama::Template::render(&Subject { name, context: self })?.trim().to_owned(),
                    text: askama::Template::render(&Text { name, context: self })?,
                    html: askama::Template::render(&Html { name, context: self })?,
                })
            }
        }
    };
    (@part $part:ident, $path:tt, $context:ty) => {
        #[derive(askama::Template)]
        #[template(path = $path)]
        #[allow(dead_code, reason = "not every part names its receiver")]
        struct $part<'a> {
            name: &'a str,
            context: &'a $context,
        }
    };
}
pub(crate) use email_templates;
