//! Every limit that two nodes must agree on, in one place.
//!
//! Sizes are bytes of the encoded form. A node refuses whatever exceeds them before it looks
//! further, so each is also a promise about memory.

use core::ops::RangeInclusive;
use core::time::Duration;

/// How far two members' clocks may differ before their records stop being believed.
pub const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

// Records -----------------------------------------------------------------------------------

/// A signed certificate.
pub const CERTIFICATE: usize = 512;
/// A signed delegation.
pub const DELEGATION: usize = 512;
/// A signed advert, with the certificate and the delegation that it carries.
pub const ADVERT: usize = 2048;
/// Adverts that one set keeps.
pub const ADVERTS_PER_USER: usize = 32;
/// An encoded advert set.
pub const ADVERT_SET: usize = ADVERTS_PER_USER * ADVERT;
/// Addresses in one advert.
pub const ADDRESSES_PER_ADVERT: usize = 4;
/// One address, as a binary multiaddr.
pub const ADDRESS: usize = 128;
/// A signed user entry.
pub const USER_ENTRY: usize = 4096;
/// Badge tags of one user.
pub const BADGES_PER_USER: usize = 8;
/// Groups of one user.
pub const GROUPS_PER_USER: usize = 32;
/// A signed badge record.
pub const BADGE_RECORD: usize = 512;
/// A signed badge claim.
pub const BADGE_CLAIM: usize = 256;
/// A signed charter.
pub const CHARTER: usize = 60 * 1024;
/// Admins that a charter names.
pub const ADMINS: usize = 16;
/// Certificates of former admins that a charter keeps.
pub const KEPT: usize = 3400;
/// A signed site state.
pub const SITE_STATE: usize = 48 * 1024;
/// Revoked nodes that a site state lists; they are dropped from it once all that they had has expired.
pub const REVOKED: usize = 1024;

/// Gateways of one site.
pub const GATEWAYS: usize = 8;
/// A list of them.
pub const GATEWAYS_LIST: usize = 4096;

/// Records that one node stores; adverts have at most half of them.
pub const STORED_RECORDS: usize = 32 * 1024;
/// Bytes that these may have together; adverts have at most half of them.
pub const STORED_BYTES: usize = 64 * 1024 * 1024;
/// Advert sets of one node's storage that one holder may be in.
pub const STORED_PER_HOLDER: usize = 1024;

/// How far ahead an advert may expire.
pub const ADVERT_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// How often a holder signs its adverts anew.
pub const ADVERT_REFRESH: Duration = Duration::from_secs(30 * 60);
/// How long a certificate is valid.
pub const CERTIFICATE_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A signed web authority.
pub const WEB_AUTHORITY: usize = 2048;
/// How long a certificate for the web is valid. None can be withdrawn, and they are renewed without
/// anybody's help.
pub const WEB_CERTIFICATE_LIFETIME: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long an admin may issue such certificates with what the root signed.
pub const WEB_ISSUER_LIFETIME: Duration = Duration::from_secs(800 * 24 * 60 * 60);
/// A certificate with which an admin issues others.
pub const WEB_ISSUER: usize = 2048;
/// How long before it is made a certificate for the web begins.
pub const WEB_CERTIFICATE_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a delegation is valid.
pub const DELEGATION_LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

// Text --------------------------------------------------------------------------------------

/// A user id.
pub const USER_ID: usize = 64;
/// The name of a site, a node, a group or a person.
pub const NAME: usize = 128;
/// A job's title, after control characters were taken out.
pub const TITLE: usize = 255;
/// A document format, as a MIME media type.
pub const FORMAT: usize = 127;
/// A media keyword (PWG 5101.1).
pub const MEDIA: usize = 127;
/// A badge number.
pub const BADGE_NUMBER: usize = 128;

// Messages ----------------------------------------------------------------------------------

/// One message of the join protocol.
pub const JOIN_MESSAGE: usize = 128 * 1024;
/// Extensions of one structure.
pub const EXTENSIONS: usize = 16;
/// Bytes of one extension.
pub const EXTENSION: usize = 16 * 1024;
/// Bytes of all extensions together of what is kept: of a job's summary, of its options, of a printer's
/// abilities.
pub const KEPT_EXTENSIONS: usize = 1024;
/// One message of the release protocol.
pub const RELEASE_MESSAGE: usize = 256 * 1024;
/// One message of the enroll and link protocols.
pub const ENROLL_MESSAGE: usize = 64 * 1024;
/// One message of the bind protocol.
pub const BIND_MESSAGE: usize = 4096;
/// What a door says first to a gateway.
pub const PIPE_HELLO: usize = CHARTER + SITE_STATE + 4096;
/// How a stream of a pipe begins.
pub const PIPE_HEAD: usize = 512;
/// One message of a pipe's control stream.
pub const PIPE_MESSAGE: usize = PIPE_HELLO;
/// Names of places in the record of one door.
pub const SHOWN_NAMES: usize = 64;
/// A signed record of a door's places, with the certificate that it carries.
pub const PLACE_RECORD: usize = 24 * 1024;
/// How far ahead such a record may expire: a gateway may lie at night, while the door sleeps.
pub const PLACE_RECORD_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a door signs its record anew.
pub const PLACE_RECORD_REFRESH: Duration = Duration::from_secs(60 * 60);
/// One message about what was seen at a place.
pub const SIGHTING_MESSAGE: usize = 1024;
/// What a certificate says of who issued it, as it is told to people.
pub const ISSUER: usize = 64;
/// Doors that are said to claim one name.
pub const CLAIMS: usize = 4;
/// Why somebody who answers at a place speaks no TLS, as it is told to people.
pub const NO_TLS: usize = 96;
/// Addresses of a gateway in a local network.
pub const GATEWAY_ADDRESSES: usize = 4;
/// Names of own domains that a site may have.
pub const OWN_NAMES_OF_SITE: usize = 16;
/// A list of them.
pub const OWN_NAMES_LIST: usize = 8 * 1024;
/// Names of a site's own domain that one place may have.
pub const OWN_NAMES: usize = 4;
/// Texts that ask for one place at the gateway's own name.
pub const ALIASES: usize = 8;
/// The list of gateways that may end TLS for a site's places.
pub const TERMINATED_LIST: usize = 512;
/// Bytes of the attributes of an IPP message that passes a gateway which reads it.
pub const TERMINATED_ATTRIBUTES: usize = 4 * 1024 * 1024;
/// The certificate frame of the member handshake.
pub const HANDSHAKE_FRAME: usize = 1024;
/// Job summaries in one answer to `List`.
pub const JOBS_PER_PAGE: usize = 128;
/// Jobs that a printer reads from one holder, over all pages.
pub const JOBS_PER_HOLDER: usize = 10_000;
/// The picture of a job's first page.
pub const PREVIEW: usize = 64 * 1024;
/// The picture of a first page is at most as wide, in pixels,
pub const PREVIEW_WIDTH: u32 = 240;
/// and at most as high.
pub const PREVIEW_HEIGHT: u32 = 320;
/// One message of the preview protocol: a sealed picture, its key, and what is around them.
pub const PREVIEW_MESSAGE: usize = PREVIEW + 512;
/// Member addresses handed to a joining node.
pub const ADDRESSES_ON_JOIN: usize = 32;
/// Pages that a receipt may claim.
pub const PAGES: u32 = 1_000_000;

// Sessions and leases -----------------------------------------------------------------------

/// How long a login may take from its first message to its last.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a session stays open with nothing asked of it.
pub const SESSION_IDLE: Duration = Duration::from_secs(10 * 60);
/// How long a session may be kept open by whatever is asked of it, from when it was opened.
pub const SESSION_MAX: Duration = Duration::from_secs(8 * 60 * 60);
/// How often a printer says a word in each session of a visit while it prints for it.
pub const SESSION_KEEP: Duration = Duration::from_secs(3 * 60);
/// Sessions and unfinished logins that a holder keeps.
pub const SESSIONS: usize = 256;
/// Sessions opened by a login that a holder keeps for one printer. One more, and the one that was
/// used longest ago ends: its printer has forgotten it.
pub const SESSIONS_PER_PRINTER: usize = 32;
/// Unfinished logins that a holder keeps for one printer.
pub const LOGINS_PER_PRINTER: usize = 32;
/// How long a lease lasts without being extended.
pub const LEASE: Duration = Duration::from_secs(90);
/// How long a lease may be extended under which no byte was fetched.
pub const LEASE_UNFETCHED: Duration = Duration::from_secs(10 * 60);
/// How long any lease may be extended, from when it was granted.
pub const LEASE_MAX: Duration = Duration::from_secs(8 * 60 * 60);
/// How long a holder whose offer was taken may take to hand the session over.
pub const HAND_OVER: Duration = Duration::from_secs(20);
/// How often a printer extends the leases it prints under.
pub const LEASE_EXTEND: Duration = Duration::from_secs(20);
/// How long an access token may wait for its stream.
pub const TOKEN: Duration = Duration::from_secs(60);
/// How long a holder remembers how a release ended, so that a late receipt finds it.
pub const RELEASE_MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long the stream of a job may carry nothing before it counts as broken.
pub const STREAM_STALL: Duration = Duration::from_secs(30);

/// Fewest characters of a PIN that a user may choose, unless the site wants more,
pub const PIN_LENGTH: u8 = 4;
/// and the most that it may want.
pub const PIN_LENGTH_MAX: u8 = 16;

// Guessing ----------------------------------------------------------------------------------

/// Wrong PINs from one printer before that printer must wait.
pub const FREE_GUESSES: u32 = 3;
/// Wrong PINs from one printer before it is locked out for the user.
pub const GUESSES_PER_PRINTER: u32 = 10;
/// Wrong PINs from all printers together before the user is locked out.
pub const GUESSES_PER_USER: u32 = 30;
/// Logins that one printer may leave unproven, over all users, before it waits for all of them.
pub const GUESSES_OF_PRINTER: u32 = 512;
/// The first wait; it doubles with each further wrong PIN.
pub const GUESS_WAIT: Duration = Duration::from_secs(2);
/// How long a lock-out lasts.
pub const LOCK_OUT: Duration = Duration::from_secs(60 * 60);

// Jobs --------------------------------------------------------------------------------------

/// How long an unclaimed job is kept when neither its owner nor the site says otherwise.
pub const JOB_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest that a job may be kept.
pub const JOB_LIFETIME_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most copies of one job.
pub const COPIES: u16 = 999;
/// Ranges of pages that a job may be limited to.
pub const PAGE_RANGES: usize = 32;
/// The most urgent priority of a job (RFC 8011 §5.2.1 `job-priority`).
pub const HIGHEST_PRIORITY: u8 = 100;
/// Reasons of a device that one word of progress carries.
pub const REASONS: usize = 16;
/// A reason: a keyword of a device's state, or what a receipt says went wrong.
pub const REASON: usize = 200;
/// Entries of each list in what a printer says it can do.
pub const ABILITIES: usize = 128;
/// One message of the web-certificate protocol.
pub const WEB_MESSAGE: usize = 8 * 1024;
/// Host names that one certificate for the web has,
pub const WEB_NAMES: usize = 4;
/// and addresses.
pub const WEB_ADDRESSES: usize = 8;
/// One host name (RFC 1035 section 2.3.4),
pub const HOST_NAME: usize = 253;
/// and one label of it.
pub const HOST_LABEL: usize = 63;
/// One message of the direct protocol.
pub const DIRECT_MESSAGE: usize = 64 * 1024;
/// Jobs with a PIN of their own that one session may have opened.
pub const UNLOCKED: usize = 256;

// Joining -----------------------------------------------------------------------------------

/// How long an invite or a ticket is good for when its maker does not say.
pub const INVITE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The longest that an invite or a ticket may be good for.
pub const INVITE_LIFETIME_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// An invite or a ticket, as text.
pub const INVITE_TEXT: usize = 2048;
/// Devices that wait for the admin's approval at once, and challenges handed out in as long as one
/// may wait.
pub const PENDING_JOINS: usize = 32;
/// Of these challenges, those for one address.
pub const JOINS_PER_ADDRESS: usize = 4;
/// How long a device waits for the admin's approval.
pub const APPROVAL: Duration = Duration::from_secs(10 * 60);

// Gateway -----------------------------------------------------------------------------------

/// How long a gateway holds one knock while no door has the place open: longer than programs that
/// print wait for an answer to their first bytes is of no use.
pub const KNOCK_HOLD: Duration = Duration::from_secs(25);
/// What a gateway's configuration may make of it.
pub const KNOCK_HOLD_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(110);
/// How long a place waits for a door after its last knock, so that the program's next attempt finds
/// the door.
pub const KNOCK_WAIT: Duration = Duration::from_secs(60);
/// What a gateway's configuration may make of it.
pub const KNOCK_WAIT_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(15 * 60);
/// How long a door that was woken stays after the last knock is over.
pub const LINGER: Duration = Duration::from_secs(60);
/// What a gateway's configuration may make of it.
pub const LINGER_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(15 * 60);
/// How long after a wake the next one of the same place may be sent.
pub const WAKE_SPACING: Duration = Duration::from_secs(60);
/// What a gateway's configuration may make of it.
pub const WAKE_SPACING_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(60 * 60);
/// Wakes of one place within an hour.
pub const WAKES_PER_HOUR: u8 = 20;
/// Wakes of all places of one site that a gateway sends within an hour.
pub const WAKES_OF_SITE: u16 = 200;
/// The address of a mailbox (RFC 5321 §4.5.3.1.3: a path has 256 bytes, its two angle brackets among them),
pub const MAIL_ADDRESS: usize = 254;
/// and what stands before its `@`.
pub const MAIL_NAME: usize = 64;
/// A signed wake.
pub const WAKE: usize = 400;
/// What a mail carries to a door, before it is sealed: a wake in its envelope, and a certificate in its own.
pub const LETTER: usize = 1200;
/// How long after it was made a wake may be good.
pub const WAKE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How long a door remembers a wake: longer than any wake is good by any clock.
pub const WAKE_MEMORY: Duration = Duration::from_secs(60 * 60);
/// Wakes that one door remembers,
pub const WAKES_REMEMBERED: usize = 4096;
/// and of them those by one member or user. Of a gateway it remembers [`WAKES_OF_SITE`].
pub const WAKES_BY_SIGNER: usize = 20;
/// Places that one node may have at a gateway.
pub const PLACES: usize = 64;
/// Knocks of one place that are held at once.
pub const KNOCKS_HELD: usize = 16;
/// Knocks of one place that its doors have at once.
pub const KNOCKS_SERVED: usize = 200;
/// Knocks of one site, held and served, at all of its places.
pub const KNOCKS_OF_SITE: usize = 1000;
/// Doors that may have one place open.
pub const DOORS: usize = 4;
/// Bytes of one direction of a pipe that its sender keeps because they are not confirmed, and bytes
/// of one request or answer.
pub const PIPE_WINDOW: usize = 1024 * 1024;
/// Fewest bytes that a gateway may allow in one request or answer.
pub const PIPE_CHUNK_MIN: usize = 4096;
/// The longest that a gateway keeps a request of a pipe before it answers that there is nothing.
pub const PIPE_WAIT_MAX: Duration = Duration::from_secs(75);
/// How often a door may be told to ask where no request can wait and nothing is under way.
pub const PIPE_POLL_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(10 * 60);
/// How long a pipe without a request lives, if its door does not ask more rarely.
pub const PIPE_SILENCE: Duration = Duration::from_secs(90);
/// A header's value of the carrier over HTTP.
pub const PIPE_HEADER_VALUE: usize = 64;
/// The domain of a gateway, which leaves room for the labels of a site and a place.
pub const GATEWAY_DOMAIN: usize = HOST_NAME - 2 * (HOST_LABEL + 1);
/// An alias of a place.
pub const ALIAS: usize = 128;
/// What a TLS client says until its ClientHello is whole, as it came.
pub const CLIENT_HELLO: usize = 16 * 1024;
/// Extensions of a ClientHello. Clients send about twenty.
pub const HELLO_EXTENSIONS: usize = 64;
