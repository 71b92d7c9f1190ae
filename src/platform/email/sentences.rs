//! What pages say of mails: true on an installation that sends them, and true on one where they become files.

use crate::base::text_column::text_enum;
use crate::platform::config::MailConfig;

text_enum! {
    /// One thing that is said of a mail.
    pub enum MailSentence {
        /// Beside the link of an invitation that was just made.
        InvitationMade = "invitation_made",
        /// Over the form of somebody who cannot sign in.
        PasswordLinkOffer = "password_link_offer",
        /// The button of that form.
        PasswordLinkButton = "password_link_button",
        /// The headline of what follows.
        PasswordLinkHeadline = "password_link_headline",
        /// What follows, whether or not somebody has the address.
        PasswordLinkMade = "password_link_made",
        /// What to do when it does not.
        PasswordLinkMissing = "password_link_missing",
        /// To somebody who is a member of no workspace.
        InvitationsCome = "invitations_come",
        /// The way to a first password.
        ChoosePassword = "choose_password",
        /// Why an invitation may be closed.
        NewerInvitation = "newer_invitation",
    }
}

impl MailSentence {
    /// The sentence as it is true here.
    pub const fn of(self, config: &MailConfig) -> &'static str {
        self.words(config.is_sent())
    }

    /// The sentence for an installation that sends mails, or for one that does not.
    pub const fn words(self, is_sent: bool) -> &'static str {
        match (self, is_sent) {
            (Self::InvitationMade, true) => {
                "We mail this link. You can also send it yourself: copy it now, because it is shown only once."
            }
            (Self::InvitationMade, false) => {
                "No mail server is set, so send this link yourself: copy it now, because it is shown only once."
            }
            (Self::PasswordLinkOffer, true) => {
                "We send you a link with which you choose a new password. It works for one hour."
            }
            (Self::PasswordLinkOffer, false) => {
                "You choose a new password with a link that works for one hour. This installation has no mail server, so whoever runs it has to \
                 give you the link."
            }
            (Self::PasswordLinkButton, true) => "Send the link",
            (Self::PasswordLinkButton, false) => "Make the link",
            (Self::PasswordLinkHeadline, true) => "Check your mail",
            (Self::PasswordLinkHeadline, false) => "Ask the operator for the link",
            (Self::PasswordLinkMade, true) => {
                "If somebody here has that address, a mail with a link is on its way. It can take a minute, and it may be in your spam folder."
            }
            (Self::PasswordLinkMade, false) => {
                "This installation has no mail server, so no mail leaves it. If somebody here has that address, the mail with the link was written \
                 to a file in the data folder of the machine it runs on. Whoever runs it can give you the link."
            }
            (Self::PasswordLinkMissing, true) => {
                "Nothing came? Ask an owner of your workspace which address you have here."
            }
            (Self::PasswordLinkMissing, false) => {
                "There is no such file? Ask an owner of your workspace which address you have here."
            }
            (Self::InvitationsCome, true) => {
                "Somebody who works in one can invite you at this address; the invitation comes by mail."
            }
            (Self::InvitationsCome, false) => {
                "Somebody who works in one can invite you at this address, and gives you the link of the invitation."
            }
            (Self::ChoosePassword, true) => "Choose a password by mail",
            (Self::ChoosePassword, false) => "Choose a password",
            (Self::NewerInvitation, true) => "withdrew it, or sent you a newer one: look for it in your mail.",
            (Self::NewerInvitation, false) => "withdrew it, or made a newer one: ask for its link.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that promise somebody that something reaches them.
    pub const PROMISES: [&str; 8] = [
        "We mail",
        "We send",
        "Send the",
        "is on its way",
        "Check your mail",
        "comes by mail",
        "in your mail",
        "sent you",
    ];

    #[test]
    fn without_a_mail_server_nothing_is_promised() {
        for sentence in MailSentence::ALL {
            let words = sentence.words(false);
            assert!(!PROMISES.iter().any(|promise| words.contains(promise)), "{words}");
            assert_ne!(words, sentence.words(true), "a sentence that is always true needs no table");
        }
    }
}
