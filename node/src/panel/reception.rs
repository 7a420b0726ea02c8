//! What the panel asks of the printer that it belongs to.

use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use papermesh_device::{DeviceDescription, DeviceError, PinError, PrinterState, StateReason};
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::time::Timestamp;
use papermesh_services::network::Network;
use papermesh_services::policy::LoginRefusal;
use papermesh_services::printer::{NotLetIn, Printer, VisitError, Visitor};
use tokio::time::{Instant, timeout};

use super::limits;
use super::visiting::Visiting;

/// A printer, as its panel needs it.
pub(super) trait Reception: Send + Sync + 'static {
    /// Names of the site and of the printer.
    fn names(&self) -> (String, String);

    /// What suffices to log in.
    fn policy(&self) -> LoginPolicy;

    /// Whether users may register badges that nobody has.
    fn lets_users_bind(&self) -> bool;

    /// The time.
    fn now(&self) -> Timestamp;

    /// How the device is, now or a moment ago.
    fn device(&self) -> BoxFuture<'_, Device>;

    /// Whether a badge names somebody who may log in with it.
    fn knows(&self, badge: BadgeNumber) -> BoxFuture<'_, Result<(), Unwelcome>>;

    /// Lets a user in.
    fn receive(&self, who: Visitor, pin: Option<Pin>)
    -> BoxFuture<'_, Result<Visiting, Unwelcome>>;
}

/// How the device is.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    /// It was asked and answered.
    pub(super) answers: bool,
    /// It shows another certificate than before: nothing is printed until an admin says that it is right.
    pub(super) changed: bool,
    /// It stands still.
    pub(super) stopped: bool,
    /// It has a job.
    pub(super) busy: bool,
    /// What it can do; what it does not say it is believed to do.
    pub(super) can: papermesh_convert::device::Device,
    /// What is the matter.
    pub(super) reasons: Vec<StateReason>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwelcome {
    /// Nobody has this badge.
    UnknownBadge,
    /// The badge was not read well.
    UnreadBadge,
    /// The site takes no badges.
    NoBadges,
    /// The site asks for a PIN.
    PinMissing,
    /// No holder let the user in, for one of the reasons that are not told apart; or must wait.
    Refused(Option<std::time::Duration>),
}

impl From<VisitError> for Unwelcome {
    fn from(error: VisitError) -> Self {
        match error {
            VisitError::Login(LoginRefusal::NoBadges) => Self::NoBadges,
            VisitError::Login(LoginRefusal::PinMissing) => Self::PinMissing,
            VisitError::Badge(_) => Self::UnreadBadge,
            VisitError::UnknownBadge => Self::UnknownBadge,
        }
    }
}

/// A printer and what its device said last.
pub(super) struct Front<N: Network> {
    printer: Printer<N>,
    word: Mutex<Option<(Instant, Device)>>,
}

impl<N: Network> Front<N> {
    pub(super) fn new(printer: Printer<N>) -> Self {
        Self {
            printer,
            word: Mutex::default(),
        }
    }

    async fn ask_device(&self) -> Device {
        let known = {
            let word = self.word.lock().unwrap_or_else(PoisonError::into_inner);
            word.clone()
                .filter(|(at, _)| at.elapsed() < limits::DEVICE_WORD)
        };
        let mut device = match known {
            Some((_, device)) => device,
            None => {
                let asked = timeout(limits::DEVICE, self.printer.device().describe()).await;
                let device = match asked {
                    Ok(Ok(described)) => described_as(described),
                    Ok(Err(error)) => {
                        tracing::debug!(error = %error.in_full(), "device did not report its state");
                        let changed = matches!(error, DeviceError::Pin(PinError::Changed { .. }));
                        Device {
                            changed,
                            ..Device::default()
                        }
                    }
                    Err(_) => Device::default(),
                };
                *self.word.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((Instant::now(), device.clone()));
                device
            }
        };
        device.busy = self.printer.is_busy();
        device
    }
}

fn described_as(device: DeviceDescription) -> Device {
    Device {
        answers: true,
        changed: false,
        stopped: device.state == PrinterState::Stopped || !device.accepting,
        busy: false,
        can: device.can,
        reasons: device.reasons,
    }
}

impl<N: Network> Reception for Front<N> {
    fn names(&self) -> (String, String) {
        let (site, printer) = self.printer.names();
        (site.to_string(), printer.to_string())
    }

    fn policy(&self) -> LoginPolicy {
        self.printer.login_policy()
    }

    fn lets_users_bind(&self) -> bool {
        self.printer.lets_users_bind()
    }

    fn now(&self) -> Timestamp {
        self.printer.now()
    }

    fn device(&self) -> BoxFuture<'_, Device> {
        Box::pin(self.ask_device())
    }

    fn knows(&self, badge: BadgeNumber) -> BoxFuture<'_, Result<(), Unwelcome>> {
        Box::pin(async move { Ok(self.printer.knows_badge(&badge).await?) })
    }

    fn receive(
        &self,
        who: Visitor,
        pin: Option<Pin>,
    ) -> BoxFuture<'_, Result<Visiting, Unwelcome>> {
        Box::pin(async move {
            let visit = self.printer.receive(who, pin).await?;
            if let Err(NotLetIn { retry_after }) = visit.admission() {
                visit.close().await;
                return Err(Unwelcome::Refused(retry_after));
            }
            let choice = self.printer.choice(visit.user()).await;
            Ok(Visiting::begin(self.printer.clone(), visit, choice))
        })
    }
}
