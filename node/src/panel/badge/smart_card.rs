//! Contactless readers that speak PC/SC. The number is the card's UID, asked for with the command that
//! such readers answer themselves (PC/SC Part 3, section 3.2.2.1.3, Get Data).

use std::ffi::CString;
use std::path::Path;
use std::thread;
use std::time::Duration;

use data_encoding::HEXUPPER;
use futures::future::BoxFuture;
use pcsc::{Context, Error, PNP_NOTIFICATION, Protocols, ReaderState, Scope, ShareMode, State};
use tokio::sync::mpsc;

use super::number::Reading;
use super::{BadgeReader, ReaderError};

/// Get Data: the UID.
const GET_UID: [u8; 5] = [0xff, 0xca, 0x00, 0x00, 0x00];
/// How long the service is asked at once; between, it is seen whether anybody still listens.
const LOOK: Duration = Duration::from_secs(1);
/// Readers that are watched.
const READERS: usize = 8;

/// Watches readers on a thread of its own: PC/SC knows no other way to wait.
pub(super) struct SmartCards(mpsc::Receiver<Result<Reading, ReaderError>>);

impl SmartCards {
    pub(super) fn open(name: Option<String>) -> Result<Self, ReaderError> {
        let context = Context::establish(Scope::User).map_err(failed)?;
        let (read, badges) = mpsc::channel(1);
        thread::spawn(move || {
            if let Err(error) = watch(&context, name.as_deref(), &read) {
                drop(read.blocking_send(Err(failed(error))));
            }
        });
        Ok(Self(badges))
    }
}

impl BadgeReader for SmartCards {
    fn next(&mut self) -> BoxFuture<'_, Result<Reading, ReaderError>> {
        Box::pin(async {
            let ended = || Err(failed(Error::NoService));
            self.0.recv().await.unwrap_or_else(ended)
        })
    }
}

/// Why there are no cards, with what to do. The service asks polkit whom to let in: by default those who
/// sit at the computer. It hangs up on all others, without a word.
fn failed(error: Error) -> ReaderError {
    let hung_up = matches!(
        error,
        Error::SecurityViolation
            | Error::NoService
            | Error::ServiceStopped
            | Error::CommError
            | Error::InternalError
    );
    let remedy = match (hung_up, Path::new(SERVICE).exists()) {
        (true, true) => NOT_ALLOWED,
        (true, false) => NO_SERVICE,
        (false, _) => super::PLUGGED_IN,
    };
    ReaderError::Failed {
        reader: "pcsc".into(),
        why: error.to_string(),
        remedy,
    }
}

/// Where the service listens.
const SERVICE: &str = "/run/pcscd/pcscd.comm";
/// What to do where the service lets this user not in.
const NOT_ALLOWED: &str = "let the node's user use the service: put the polkit rule node/kiosk/50-papermesh-pcscd.rules into /etc/polkit-1/rules.d (`journalctl -u pcscd` shows who was refused)";
/// What to do where there is none.
const NO_SERVICE: &str =
    "install and start the service: `apt-get install pcscd`, `systemctl enable --now pcscd.socket`";

fn watch(
    context: &Context,
    name: Option<&str>,
    read: &mpsc::Sender<Result<Reading, ReaderError>>,
) -> Result<(), Error> {
    let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
    while !read.is_closed() {
        take_in(context, name, &mut states)?;
        for state in &mut states {
            state.sync_current_state();
        }
        match context.get_status_change(LOOK, &mut states) {
            Ok(()) => {}
            Err(Error::Timeout) => continue,
            Err(error) => return Err(error),
        }
        for state in states
            .iter()
            .filter(|state| state.name() != PNP_NOTIFICATION())
        {
            let laid_on = state.event_state().contains(State::PRESENT)
                && !state.current_state().contains(State::PRESENT);
            if laid_on
                && let Some(number) = uid(context, &state.name().to_owned())
                && read.blocking_send(Ok(number)).is_err()
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Keeps the list of watched readers as it is at the computer.
fn take_in(
    context: &Context,
    name: Option<&str>,
    states: &mut Vec<ReaderState>,
) -> Result<(), Error> {
    let gone = |state: &ReaderState| {
        state
            .event_state()
            .intersects(State::UNKNOWN | State::IGNORE)
    };
    states.retain(|state| state.name() == PNP_NOTIFICATION() || !gone(state));
    for reader in context.list_readers_owned()? {
        let wanted =
            name.is_none_or(|name| reader.to_str().is_ok_and(|reader| reader.starts_with(name)));
        let known = states.iter().any(|state| state.name() == reader.as_c_str());
        if wanted && !known && states.len() <= READERS {
            states.push(ReaderState::new(reader, State::UNAWARE));
        }
    }
    Ok(())
}

fn uid(context: &Context, reader: &CString) -> Option<Reading> {
    let card = context
        .connect(reader, ShareMode::Shared, Protocols::ANY)
        .ok()?;
    let mut answer = [0; 64];
    let answer = card.transmit(&GET_UID, &mut answer).ok()?;
    let uid = answer.strip_suffix(&[0x90, 0x00])?;
    Reading::of(&HEXUPPER.encode(uid))
}
