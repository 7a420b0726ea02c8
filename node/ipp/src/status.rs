//! The status codes that this printer answers with (RFC 8011 appendix B; RFC 3380 for those of
//! settable attributes, RFC 3995 and 3996 for those of subscriptions, PWG 5100.13 for passwords,
//! PWG 5100.16 for allowances).

/// A status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    OkIgnoredOrSubstituted,
    OkIgnoredSubscriptions,
    OkEventsComplete,
    BadRequest,
    Forbidden,
    NotAuthenticated,
    NotAuthorized,
    NotPossible,
    Timeout,
    NotFound,
    RequestEntityTooLarge,
    RequestValueTooLong,
    DocumentFormat,
    AttributesOrValues,
    Charset,
    Compression,
    CompressionError,
    DocumentFormatError,
    AttributesNotSettable,
    IgnoredAllSubscriptions,
    TooManySubscriptions,
    DocumentPassword,
    AccountLimitReached,
    InternalError,
    OperationNotSupported,
    VersionNotSupported,
    NotAcceptingJobs,
    Busy,
    JobCanceled,
    TooManyDocuments,
}

impl Status {
    /// Its number.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::Ok => 0x0000,
            Self::OkIgnoredOrSubstituted => 0x0001,
            Self::OkIgnoredSubscriptions => 0x0003,
            Self::OkEventsComplete => 0x0007,
            Self::BadRequest => 0x0400,
            Self::Forbidden => 0x0401,
            Self::NotAuthenticated => 0x0402,
            Self::NotAuthorized => 0x0403,
            Self::NotPossible => 0x0404,
            Self::Timeout => 0x0405,
            Self::NotFound => 0x0406,
            Self::RequestEntityTooLarge => 0x0408,
            Self::RequestValueTooLong => 0x0409,
            Self::DocumentFormat => 0x040a,
            Self::AttributesOrValues => 0x040b,
            Self::Charset => 0x040d,
            Self::Compression => 0x040f,
            Self::CompressionError => 0x0410,
            Self::DocumentFormatError => 0x0411,
            Self::AttributesNotSettable => 0x0413,
            Self::IgnoredAllSubscriptions => 0x0414,
            Self::TooManySubscriptions => 0x0415,
            Self::DocumentPassword => 0x0418,
            Self::AccountLimitReached => 0x041e,
            Self::InternalError => 0x0500,
            Self::OperationNotSupported => 0x0501,
            Self::VersionNotSupported => 0x0503,
            Self::NotAcceptingJobs => 0x0506,
            Self::Busy => 0x0507,
            Self::JobCanceled => 0x0508,
            Self::TooManyDocuments => 0x050c,
        }
    }
}
