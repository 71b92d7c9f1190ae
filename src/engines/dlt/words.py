"""Why something cannot be loaded, in words."""


class Refused(Exception):
    """Something has to be different first; for people."""

    def __init__(self, message, code="refused"):
        super().__init__(message)
        self.code = code


def chain(error):
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = getattr(error, "client_exception", None) or error.__cause__ or error.__context__
    return seen


# What a system says, what that is, and what to do about it. The first that fits counts.
SAYINGS = [
    (("InvalidAccessKeyId",), "sign_in_failed", "The storage does not know this access key ID."),
    (("SignatureDoesNotMatch",), "sign_in_failed", "The secret access key does not belong to the access key ID."),
    (("ExpiredToken",), "sign_in_failed", "The access key has ended."),
    (("NoSuchBucket",), "no_database", "There is no such bucket."),
    (("AccessDenied", "Forbidden: 403", "(403)", "status code: 403"), "no_permission", "Signed in, and what is needed is not allowed."),
    (("EndpointConnectionError", "Could not connect to the endpoint", "Connection refused", "Name or service not known", "could not translate host name", "timed out"), "not_reachable", "The system cannot be reached."),
    (("certificate verify failed", "does not match host name"), "tls_failed", "The server's certificate is not one that the given authority signed for this host."),
    (("server does not support SSL",), "tls_failed", "The server does not offer encrypted connections."),
    (("SSL error", "could not load root certificate", "could not read root certificate"), "tls_failed", "No encrypted connection comes about."),
    (("no pg_hba.conf entry", "pg_hba.conf rejects"), "sign_in_failed", "The server does not let this user in from here, or not without encryption."),
    (("Incorrect username or password", "password authentication failed", "Authentication failed", "JWT token is invalid", "invalid_grant", "Invalid JWT"), "sign_in_failed", "User name, password or key is wrong."),
    (("Could not deserialize key data", "PEM", "Unable to load", "Could not load"), "sign_in_failed", "The key cannot be read: it is no whole private key, or its passphrase is wrong."),
    (("permission denied", "Insufficient privileges", "not authorized", "does not have bigquery", "Access Denied", "Not enough privileges"), "no_permission", "Signed in, and what is needed is not allowed."),
    (("No space left on device", "Disk quota exceeded"), "no_room", "There is no room left where the records go."),
    (("Could not set lock on file",), "unwell", "Another program has the file open."),
]


def refusal(error):
    """The failure in words: what is known of it, and the last word of the system itself."""
    errors = chain(error)
    refused = next((one for one in errors if isinstance(one, Refused)), None)
    if refused is not None:
        return refused.code, str(refused)
    text = " ".join(f"{type(one).__name__} {one}" for one in errors)
    last = str(errors[-1]).strip() or type(errors[-1]).__name__
    for words, code, sentence in SAYINGS:
        if any(word in text for word in words):
            return code, f"{sentence} It says: {last}"
    if type(errors[-1]).__name__ in ("MissingDependencyException", "ModuleNotFoundError", "ImportError"):
        return "not_installed", f"A package is missing in the environment of dlt. It says: {last}"
    return "refused", f"dlt says: {last}"
