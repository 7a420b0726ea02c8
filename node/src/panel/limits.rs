//! Every limit of the panel.

use std::time::Duration;

use papermesh_web::Pace;

/// Connections at once of other computers. A new one beyond that takes the place of the one that has
/// been waiting for a request the longest; streams of news of pages that are open are at work.
pub(super) const CONNECTIONS_AWAY: usize = 256;
/// Connections at once of one other computer: a browser opens six.
pub(super) const CONNECTIONS_EACH: usize = 32;
/// Connections at once of this computer.
pub(super) const CONNECTIONS_HERE: usize = 256;
/// How long a TLS handshake may take.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a request's header may take, from the first connection or the last answer.
pub(super) const HTTP_HEADER: Duration = Duration::from_secs(60);
/// Bytes of a request's header, with what hyper reads ahead of the body.
pub(super) const HTTP_BUFFER: usize = 32 * 1024;

/// Pages of the panel's own screen that are open at once, with and without somebody logged in; and as many
/// streams of news.
pub(super) const SCREENS_HERE: usize = 64;
/// Pages of phones and of other screens that are open at once; and as many streams of news.
pub(super) const SCREENS_AWAY: usize = 64;
/// Of those, pages that one computer may have.
pub(super) const SCREENS_EACH: usize = 8;
/// How long a page is remembered whose stream of news is gone: a reload, a broken connection.
pub(super) const SCREEN_GONE: Duration = Duration::from_secs(15);
/// How often the panel looks after pages that are gone and users who left without a word.
pub(super) const SWEEP: Duration = Duration::from_millis(500);
/// How often a stream without news shows that it is there.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long news are collected before a page is told of them: a page that fetches its list forty
/// times a second is no quicker to read.
pub(super) const GATHER_NEWS: Duration = Duration::from_millis(60);

/// When a page that has not fetched its news is told of them again.
pub(super) const TELL_AGAIN: Duration = Duration::from_secs(1);

/// How long a user may do nothing before being logged out, when nobody says otherwise.
pub const IDLE: Duration = Duration::from_secs(60);
/// How long a PIN may take to be typed before the panel forgets whose it was to be.
pub(super) const TYPING: Duration = Duration::from_secs(90);
/// How long a badge that was read is taken for held to the reader still: some readers read it again
/// every second or two. After that it is another tap.
pub(super) const HELD: Duration = Duration::from_secs(3);
/// How long after a login its own badge does not end the session: who has just typed a PIN still has the
/// badge in hand.
pub(super) const OWN_BADGE: Duration = Duration::from_secs(5);
/// How often it is tried which rule would name the owner of a badge that nobody has.
pub(super) const TRY_RULES: Duration = Duration::from_secs(60);
/// How long a word of farewell stays.
pub(super) const FAREWELL: Duration = Duration::from_secs(8);

/// How long a code for phones is shown before another takes its place.
pub(super) const CODE_SHOWN: Duration = Duration::from_secs(45);
/// How long it is good, from when it was first shown: whoever read it last has the other half of it to
/// open the page.
pub(super) const CODE_GOOD: Duration = Duration::from_secs(90);
/// How long a phone waits until the number that it shows is touched at the panel.
pub(super) const MATCHING: Duration = Duration::from_secs(30);
/// How long a phone may be away that is used at the panel: its screen is off, its connection gone. The
/// session ends when its time is over, if that is sooner.
pub(super) const PHONE_AWAY: Duration = Duration::from_secs(60);
/// When the panel says that its phone is away: later than a connection takes to come back at once.
pub(super) const PHONE_MISSED: Duration = Duration::from_secs(4);
/// How far the panel's clock may be behind the one of its phone.
pub(super) const CLOCK_OFF: Duration = Duration::from_secs(1);

/// Log-ins that are tried at the panel, and from each other computer. Holders count wrong PINs of each user
/// besides; this one is for those who try one PIN on many users.
pub(super) const LOGINS: Pace = Pace {
    burst: 10,
    every: Duration::from_secs(3),
};
/// Log-ins that are tried from all other computers together.
pub(super) const LOGINS_AWAY: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(1),
};
/// Requests that the panel answers this computer, and each other one.
pub(super) const REQUESTS: Pace = Pace {
    burst: 400,
    every: Duration::from_millis(10),
};
/// Requests that it answers all other computers together.
pub(super) const REQUESTS_AWAY: Pace = Pace {
    burst: 800,
    every: Duration::from_millis(5),
};

/// Jobs that a page shows at first, and how many more each time.
pub(super) const SHOWN: usize = 100;
/// Jobs that one visit may have in line to be printed.
pub(super) const PRINTS: usize = 500;
/// Commands of a page that wait to be carried out.
pub(super) const COMMANDS: usize = 16;
/// Deletions and the like that are under way at once.
pub(super) const ERRANDS: usize = 64;
/// Steps of a release that wait to be shown.
pub(super) const STEPS: usize = 64;
/// How often the lists are asked for once more while a user looks at them.
pub(super) const LIST_AGAIN: Duration = Duration::from_secs(15);
/// Pictures of first pages that one visit has.
pub(super) const PREVIEWS: usize = 200;
/// Bytes that these may have together.
pub(super) const PREVIEW_BYTES: usize = 8 << 20;
/// Holders that are asked for a picture at once; each for one.
pub(super) const PREVIEWS_AT_ONCE: usize = 4;
/// How often a picture is asked for that is not there yet.
pub(super) const PREVIEW_TRIES: u32 = 4;
/// How long after a picture was not there it may be asked for again.
pub(super) const PREVIEW_AGAIN: Duration = Duration::from_secs(3);
/// How long the device may take to say how it is.
pub(super) const DEVICE: Duration = Duration::from_secs(3);
/// How old the device's word may be.
pub(super) const DEVICE_WORD: Duration = Duration::from_secs(10);

/// Bytes of a badge number as a reader gives it, with what is around it.
pub(super) const BADGE_LINE: usize = 512;
/// How long after a failure a badge reader is tried again.
pub(super) const READER_AGAIN: Duration = Duration::from_secs(3);

/// How long after somebody came or went a request may still come that was sent before that.
pub(super) const ON_ITS_WAY: Duration = Duration::from_secs(5);
