//! What is wrong with a text that was pasted from a mail, a chat or a file.

/// Why a pasted text cannot be what the field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasteFault {
    /// The name of a file stands there, not what is in it.
    FileName,
    /// The public half of a key.
    PublicHalf,
    /// A certificate where a private key belongs.
    IsCertificate,
    /// A private key where a certificate belongs.
    IsPrivateKey,
    /// A key as PuTTY keeps it.
    Putty,
    /// The number a key is known by.
    Fingerprint,
    /// The lines between BEGIN and END, without these two.
    BodyOnly,
    /// The end is missing, or something in the middle.
    CutOff,
    /// Something stands in it that no key has.
    Damaged,
    /// No key at all.
    NoKey,
    /// No certificate at all.
    NoCertificate,
    /// A whole JSON key file where only the key in it belongs.
    WholeJsonFile,
    /// The sign-in of a person, not the key of a service account.
    PersonalSignIn,
    /// JSON, but not the key of a service account: this member is missing.
    LacksMember(&'static str),
    /// No JSON, and nothing that could be made into it.
    NotJsonKey,
    /// A character that nobody sees stands inside.
    Invisible,
    /// A whole address where a host belongs.
    WholeAddress,
    /// Host and port in one field.
    HasPort,
    /// A space inside a host.
    Space,
}

impl PasteFault {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FileName => "file_name",
            Self::PublicHalf => "public_key",
            Self::IsCertificate => "is_certificate",
            Self::IsPrivateKey => "is_private_key",
            Self::Putty => "putty_key",
            Self::Fingerprint => "fingerprint",
            Self::BodyOnly => "begin_and_end_missing",
            Self::CutOff => "cut_off",
            Self::Damaged => "damaged",
            Self::NoKey => "not_a_private_key",
            Self::NoCertificate => "not_a_certificate",
            Self::WholeJsonFile => "whole_json_file",
            Self::PersonalSignIn | Self::LacksMember(_) => "not_a_service_account",
            Self::NotJsonKey => "not_json",
            Self::Invisible => "invisible_character",
            Self::WholeAddress | Self::Space => "not_a_host",
            Self::HasPort => "host_with_port",
        }
    }

    /// What to do, for whoever fills in the form: what follows the name of the field.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::FileName => "is the name of a file. Open the file and paste everything that is in it".to_owned(),
            Self::PublicHalf => {
                "is the public half of the key. Paste the private one: the file without “.pub”".to_owned()
            }
            Self::IsCertificate => {
                "is a certificate. Paste the private key, it begins with “BEGIN … PRIVATE KEY”".to_owned()
            }
            Self::IsPrivateKey => {
                "is a private key. Paste the certificate, it begins with “BEGIN CERTIFICATE”".to_owned()
            }
            Self::Putty => {
                "is a PuTTY key file. Open it in PuTTYgen, choose Conversions, Export OpenSSH key, and paste that file"
                    .to_owned()
            }
            Self::Fingerprint => "is the fingerprint of a key. Paste the private key itself".to_owned(),
            Self::BodyOnly => {
                "lacks its first and last line, “-----BEGIN …” and “-----END …”. Paste the whole file".to_owned()
            }
            Self::CutOff => "is not whole: its end is missing. Paste the whole file".to_owned(),
            Self::Damaged => {
                "is damaged: some of its characters belong to no key. Paste the whole file again".to_owned()
            }
            Self::NoKey => "is no private key. Paste the whole key file, it begins with “-----BEGIN”".to_owned(),
            Self::NoCertificate => {
                "is no certificate. Paste the whole file, it begins with “-----BEGIN CERTIFICATE-----”".to_owned()
            }
            Self::WholeJsonFile => {
                "is a whole JSON file. Paste only the key in it, what follows “private_key”".to_owned()
            }
            Self::PersonalSignIn => {
                "is the sign-in of a person. Make a key for a service account and paste its JSON file".to_owned()
            }
            Self::LacksMember(member) => {
                format!("is not the JSON key of a service account: “{member}” is missing. Paste the whole file")
            }
            Self::NotJsonKey => "is not JSON. Paste the whole key file, from the first { to the last }".to_owned(),
            Self::Invisible => "has a character inside that nobody can see. Type it instead of pasting".to_owned(),
            Self::WholeAddress => "takes only the name of the host, like db.example.com".to_owned(),
            Self::HasPort => "takes only the name of the host. The port has a field of its own".to_owned(),
            Self::Space => "has a space inside. Enter the name of one host".to_owned(),
        }
    }
}
