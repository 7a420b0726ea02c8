//! The status codes that are answered with (RFC 8011 appendix B; RFC 3380 for those of
//! settable attributes, RFC 3995 and 3996 for those of subscriptions, PWG 5100.13 for passwords,
//! PWG 5100.16 for allowances, PWG 5100.18 for jobs that a proxy fetches).

/// A status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `successful-ok`.
    Ok,
    /// `successful-ok-ignored-or-substituted-attributes`.
    OkIgnoredOrSubstituted,
    /// `successful-ok-ignored-subscriptions`.
    OkIgnoredSubscriptions,
    /// `successful-ok-events-complete`.
    OkEventsComplete,
    /// `client-error-bad-request`.
    BadRequest,
    /// `client-error-forbidden`.
    Forbidden,
    /// `client-error-not-authenticated`.
    NotAuthenticated,
    /// `client-error-not-authorized`.
    NotAuthorized,
    /// `client-error-not-possible`.
    NotPossible,
    /// `client-error-timeout`.
    Timeout,
    /// `client-error-not-found`.
    NotFound,
    /// `client-error-request-entity-too-large`.
    RequestEntityTooLarge,
    /// `client-error-request-value-too-long`.
    RequestValueTooLong,
    /// `client-error-document-format-not-supported`.
    DocumentFormat,
    /// `client-error-attributes-or-values-not-supported`.
    AttributesOrValues,
    /// `client-error-charset-not-supported`.
    Charset,
    /// `client-error-compression-not-supported`.
    Compression,
    /// `client-error-compression-error`.
    CompressionError,
    /// `client-error-document-format-error`.
    DocumentFormatError,
    /// `client-error-attributes-not-settable`.
    AttributesNotSettable,
    /// `client-error-ignored-all-subscriptions`.
    IgnoredAllSubscriptions,
    /// `client-error-too-many-subscriptions`.
    TooManySubscriptions,
    /// `client-error-document-password-error`.
    DocumentPassword,
    /// `client-error-account-limit-reached`.
    AccountLimitReached,
    /// `client-error-not-fetchable`.
    NotFetchable,
    /// `server-error-internal-error`.
    InternalError,
    /// `server-error-operation-not-supported`.
    OperationNotSupported,
    /// `server-error-version-not-supported`.
    VersionNotSupported,
    /// `server-error-not-accepting-jobs`.
    NotAcceptingJobs,
    /// `server-error-busy`.
    Busy,
    /// `server-error-job-canceled`.
    JobCanceled,
    /// `server-error-too-many-document`.
    TooManyDocuments,
}

impl Status {
    /// Its number.
    pub fn code(self) -> u16 {
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
            Self::NotFetchable => 0x0420,
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
