use crate::base::text_column::text_enum;

text_enum! {
    /// Which queue a job waits in. Each has places of its own, so that what one waits for holds up no other.
    pub enum Lane {
        /// Mails that somebody sits and waits for: a new password, an invitation.
        UrgentMail = "urgent_mail",
        /// Mails that tell of something.
        NoticeMail = "notice_mail",
        /// Calls to providers of sign-ins.
        Providers = "providers",
        /// What only asks our own database.
        Upkeep = "upkeep",
    }
}

impl Lane {
    /// How many of its jobs this process does at the same time.
    pub(super) const fn places(self) -> usize {
        match self {
            Self::UrgentMail | Self::NoticeMail | Self::Providers => 4,
            Self::Upkeep => 2,
        }
    }
}
