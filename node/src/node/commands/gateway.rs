//! The way in from outside the site.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use papermesh_door::{GatewayStatus, Ways};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::sighting::{Claim, Seen};
use papermesh_protocol::gateway::wake::Callee;
use papermesh_protocol::invite::TicketError;
use papermesh_protocol::limits;
use papermesh_protocol::web::{Address, PlaceError};
use papermesh_services::local_users::tokens::{LIFETIME, NewToken, TokenView};
use papermesh_services::sightings::{SeenFrom, Settled, id_of};
use papermesh_store::offload::offload;
use papermesh_store::{StoreError, site};

use super::super::calling;
use super::super::door::DoorHere;
use super::super::probing::Looked;
use super::super::{NodeError, Services, acme_orders, own_domain};
use super::site::said;
use crate::control::message::{
    AddGateway, AddOwnName, AllowTerminated, ClosePlace, ConnectGateways, DismissMismatch,
    DoorWoken, GatewayList, GatewayRemoved, ListGateways, ListTokens, MakeToken, MismatchDismissed,
    OpenPlace, OwnName, PlaceChanged, PlaceClaim, PlaceMismatch, PlaceName, PlaceProbed,
    ProbePlace, ProbeVerdict, RemoveGateway, RemoveOwnName, SeenOutside, ShowOwnName,
    TerminatedAllowed, Token, TokenMade, WakeDoor, WithdrawToken,
};
use crate::control::{Answer, CommandError, ErrorCode, Handle, Io};

impl Handle<AddGateway> for Services {
    async fn handle(&self, command: AddGateway, _: Io) -> Answer<Gateway> {
        let gateway: Gateway = command
            .line
            .parse()
            .map_err(|error: TicketError| CommandError::of(ErrorCode::Usage, &error))?;
        let within = command.within.into_iter().map(Address::try_from);
        let within: Vec<Address> =
            within
                .collect::<Result<_, _>>()
                .map_err(|error: PlaceError| {
                    let error = CommandError::new(ErrorCode::Usage, error.to_string());
                    error.with_remedy("say no address of a gateway that is on the Internet")
                })?;
        let gateway = gateway
            .at(&within)
            .map_err(|error| CommandError::of(ErrorCode::Usage, &error))?;
        self.authority
            .add_gateway(gateway.clone(), said(&command.passphrase))
            .await?;
        Ok(gateway)
    }
}

impl Handle<RemoveGateway> for Services {
    async fn handle(&self, command: RemoveGateway, _: Io) -> Answer<GatewayRemoved> {
        let domain = command.domain.trim().to_ascii_lowercase();
        self.authority
            .remove_gateway(&domain, said(&command.passphrase))
            .await?;
        Ok(GatewayRemoved { domain })
    }
}

impl Handle<AllowTerminated> for Services {
    async fn handle(&self, command: AllowTerminated, _: Io) -> Answer<TerminatedAllowed> {
        let domain = command.domain.trim().to_ascii_lowercase();
        self.authority
            .allow_terminated(&domain, command.allow, said(&command.passphrase))
            .await?;
        Ok(TerminatedAllowed {
            domain,
            allowed: command.allow,
        })
    }
}

impl Handle<ListGateways> for Services {
    async fn handle(&self, _: ListGateways, _: Io) -> Answer<GatewayList> {
        Ok(self.gateway_list().await?)
    }
}

impl Handle<ConnectGateways> for Services {
    async fn handle(&self, _: ConnectGateways, _: Io) -> Answer<Vec<GatewayStatus>> {
        let door = self.here()?;
        if door.status().is_empty() {
            let text = "this node opens no place at a gateway";
            return Err(CommandError::new(ErrorCode::NotHere, text)
                .with_remedy("open one with `papermesh gateway place add`"));
        }
        Ok(door.connect().await)
    }
}

impl Handle<AddOwnName> for Services {
    async fn handle(&self, command: AddOwnName, _: Io) -> Answer<OwnName> {
        let AddOwnName {
            name,
            place,
            passphrase,
        } = command;
        // What cannot be done here is said before the site is changed.
        let place = self.place_for(place)?;
        if !self.authority.own_names().has(&name) {
            self.authority
                .add_own_name(name.clone(), said(&passphrase))
                .await?;
        }
        if let Some(label) = place {
            self.here()?.add_name(&self.store, &label, &name).await?;
        }
        Ok(self.own_name(name).await)
    }
}

impl Handle<RemoveOwnName> for Services {
    async fn handle(&self, command: RemoveOwnName, _: Io) -> Answer<OwnName> {
        let RemoveOwnName { name, passphrase } = command;
        let is_here = self
            .door
            .as_ref()
            .filter(|door| door.own_names().contains(&name));
        if let Some(door) = is_here {
            door.remove_name(&self.store, &name).await?;
        }
        let is_admin = self.authority.is_open().await?.is_some();
        if is_admin || is_here.is_none() {
            self.authority
                .remove_own_name(name.clone(), said(&passphrase))
                .await?;
        }
        Ok(OwnName {
            name,
            is_here: false,
            leads: Vec::new(),
            lines: Vec::new(),
        })
    }
}

impl Handle<ShowOwnName> for Services {
    async fn handle(&self, command: ShowOwnName, _: Io) -> Answer<OwnName> {
        Ok(self.own_name(command.name).await)
    }
}

impl Handle<ProbePlace> for Services {
    async fn handle(&self, command: ProbePlace, _: Io) -> Answer<PlaceProbed> {
        let looked = self.prober.look(command.name.as_ref()).await;
        let Some(Looked { outlook, seen }) = looked.map_err(NodeError::Store)? else {
            let text = match &command.name {
                Some(name) => {
                    format!("no other member that this node knows says what {name} shows")
                }
                None => {
                    "no other member that this node knows says what a place of its shows".to_owned()
                }
            };
            return Err(CommandError::new(ErrorCode::NotFound, text).with_remedy(
                "a place is looked at from another computer than its own, once it has a certificate of the Internet's",
            ));
        };
        let (name, door, door_name) = (outlook.shown.name, outlook.door, outlook.door_name);
        let probed = PlaceProbed {
            name,
            door,
            door_name,
            verdict: ProbeVerdict::Unreachable,
            seen: None,
            claims: Vec::new(),
            why: None,
        };
        let (sighting, settled) = match seen {
            Ok(seen) => seen,
            Err(error) => {
                return Ok(PlaceProbed {
                    why: Some(error.to_string()),
                    ..probed
                });
            }
        };
        let (verdict, claims) = match settled {
            Settled::AsSaid => (ProbeVerdict::AsSaid, Vec::new()),
            Settled::Unsaid => (ProbeVerdict::Unsaid, Vec::new()),
            Settled::Closed => (ProbeVerdict::Closed, Vec::new()),
            Settled::Mismatch(mismatch) => {
                let verdict = match sighting.seen {
                    Seen::Key { .. } => ProbeVerdict::Mismatch,
                    Seen::NoTls(_) | Seen::Closed => ProbeVerdict::NoTls,
                };
                (verdict, self.claims(&mismatch.claims).await)
            }
        };
        Ok(PlaceProbed {
            verdict,
            seen: Some(sighting.seen),
            claims,
            ..probed
        })
    }
}

impl Handle<DismissMismatch> for Services {
    async fn handle(&self, command: DismissMismatch, _: Io) -> Answer<MismatchDismissed> {
        let dismissed = self.sightings.dismiss(command.id.clone()).await;
        match dismissed.map_err(NodeError::Store)? {
            Some(mismatch) => Ok(MismatchDismissed {
                name: mismatch.sighting.name,
            }),
            None => {
                let text = format!("there is nothing with the id {} to dismiss", command.id);
                Err(CommandError::new(ErrorCode::NotFound, text)
                    .with_remedy("`papermesh doctor` shows the ids"))
            }
        }
    }
}

impl Services {
    /// The place here that is to have a name; none where this node opens none and none was named.
    fn place_for(&self, said: Option<Label>) -> Result<Option<Option<Label>>, CommandError> {
        let places = self.door.as_ref().map(DoorHere::places).unwrap_or_default();
        let labels: Vec<Option<Label>> = places.into_iter().map(|place| place.label).collect();
        match (said, labels.as_slice()) {
            (Some(label), places) if places.contains(&Some(label.clone())) => Ok(Some(Some(label))),
            (Some(label), _) => {
                let text = format!("this node opens no place {label}");
                Err(CommandError::new(ErrorCode::NotFound, text)
                    .with_remedy("`papermesh gateway list` shows them"))
            }
            (None, []) => Ok(None),
            (None, [place]) => Ok(Some(place.clone())),
            (None, places) if places.contains(&None) => Ok(Some(None)),
            (None, _) => {
                let text = "this node opens several places";
                Err(CommandError::new(ErrorCode::Usage, text).with_remedy("say which with --place"))
            }
        }
    }

    /// A name of an own domain, with what is to be set for it.
    async fn own_name(&self, name: HostName) -> OwnName {
        let (site, gateways) = (self.mesh.membership().site(), self.authority.gateways());
        let here = self.door.as_ref().map(DoorHere::own_names);
        let is_here = here.is_some_and(|names| names.contains(&name));
        let binding = match self.certifying.as_ref().filter(|_| is_here) {
            Some(certifying) => certifying.binding().await,
            None => None,
        };
        OwnName {
            leads: own_domain::leads(&name, &gateways).await,
            lines: own_domain::lines(&name, site, binding.as_ref()),
            is_here,
            name,
        }
    }

    /// The site's gateways, as this node sees them.
    pub(in crate::node) async fn gateway_list(&self) -> Result<GatewayList, NodeError> {
        let door = self.door.as_ref();
        let status = door.map(DoorHere::status).unwrap_or_default();
        Ok(GatewayList {
            gateways: self.authority.gateways().iter().cloned().collect(),
            places: door.map(DoorHere::places).unwrap_or_default(),
            names: self.place_names(&status).await?,
            status,
            own_names: self.authority.own_names().iter().cloned().collect(),
            own_names_here: door.map(DoorHere::own_names).unwrap_or_default(),
            mismatches: self.mismatches().await?,
            terminated: self.authority.terminated().iter().collect(),
        })
    }

    /// What outsiders see at the names that are open.
    async fn place_names(&self, status: &[GatewayStatus]) -> Result<Vec<PlaceName>, StoreError> {
        let places = status.iter().flat_map(|status| &status.places);
        let names = places.flat_map(|(_, state)| state.names());
        let names: BTreeSet<HostName> = names.cloned().collect();
        let now = self.mesh.membership().now();
        let mut seen = BTreeMap::new();
        for (name, SeenFrom { by, at }) in self.sightings.seen() {
            let by_name = self.sightings.name_of(by).await;
            seen.insert(name, SeenOutside { at, by, by_name });
        }
        offload(&self.store, move |store| {
            let orders = store.site().get(&site::ACME_ORDERS)?.unwrap_or_default();
            let about = |name: HostName| {
                let kept = store.public_certificates().get(&name.to_string())?;
                let until = kept.map(|row| row.not_after).filter(|until| *until > now);
                let refused = acme_orders::may(&orders, &name, now).err();
                Ok(PlaceName {
                    certified_until: until,
                    seen: seen.get(&name).cloned(),
                    refused: refused.map(|refused| (refused.until(), refused.to_string())),
                    name,
                })
            };
            names.into_iter().map(about).collect()
        })
        .await
    }

    /// Places that are not as their doors say.
    async fn mismatches(&self) -> Result<Vec<PlaceMismatch>, StoreError> {
        let mut mismatches = Vec::new();
        for row in self.sightings.mismatches().await? {
            mismatches.push(PlaceMismatch {
                id: id_of(&row.mismatch),
                claims: self.claims(&row.mismatch.claims).await,
                name: row.mismatch.sighting.name,
                seen: row.mismatch.sighting.seen,
                by: row.by,
                by_name: self.sightings.name_of(row.by).await,
                first: row.first,
                last: row.last,
            });
        }
        Ok(mismatches)
    }

    /// Who claims a place, with what they are called.
    async fn claims(&self, claims: &[Claim]) -> Vec<PlaceClaim> {
        let mut named = Vec::new();
        for Claim { door, key } in claims {
            named.push(PlaceClaim {
                door: *door,
                door_name: self.sightings.name_of(*door).await,
                key: *key,
            });
        }
        named
    }
}

impl Handle<OpenPlace> for Services {
    async fn handle(&self, command: OpenPlace, _: Io) -> Answer<PlaceChanged> {
        let label = match (command.label, command.of_site) {
            (Some(label), false) => Some(label),
            (None, false) => Some(Label::random(rand::random())),
            (None, true) => None,
            (Some(_), true) => {
                let text = "the place of the site has no name of its own";
                return Err(CommandError::new(ErrorCode::Usage, text));
            }
        };
        let here = self.here()?;
        let allowed = self.authority.terminated();
        here.open(
            &self.store,
            label.clone(),
            command.woken_by,
            (command.aliases, &allowed),
        )
        .await?;
        let mailbox = here.mailbox().filter(|_| command.woken_by.is_some());
        let lines = match mailbox {
            Some(mailbox) => self.lines(label.as_ref(), mailbox)?,
            None => Vec::new(),
        };
        Ok(PlaceChanged {
            lines,
            ..self.place(label)
        })
    }
}

impl Handle<ClosePlace> for Services {
    async fn handle(&self, command: ClosePlace, _: Io) -> Answer<PlaceChanged> {
        self.here()?.close(&self.store, &command.label).await?;
        Ok(self.place(command.label))
    }
}

/// How long a door may be waited for: as long as a wake may be good, and not so short that no mail could arrive.
const WAIT: RangeInclusive<u64> = 5..=limits::WAKE_LIFETIME.as_secs();

impl Handle<WakeDoor> for Services {
    async fn handle(&self, command: WakeDoor, _: Io) -> Answer<DoorWoken> {
        let callee: Callee = command
            .line
            .parse()
            .map_err(|error: TicketError| CommandError::of(ErrorCode::Usage, &error))?;
        let wait = u64::from(command.wait);
        if !WAIT.contains(&wait) {
            let text = format!("{wait} seconds are too short or too long");
            let remedy = format!("wait from {} to {} seconds", WAIT.start(), WAIT.end());
            return Err(CommandError::new(ErrorCode::Usage, text).with_remedy(remedy));
        }
        let ways = Ways {
            proxy: self.config.proxy.clone().map(Arc::new),
            ..Ways::default()
        };
        let (wait, from) = (
            Duration::from_secs(wait),
            (&self.letters, self.mail.as_ref()),
        );
        calling::call(&callee, wait, from, &ways).await?;
        Ok(DoorWoken {
            place: callee.place,
        })
    }
}

impl Services {
    fn here(&self) -> Result<&DoorHere, CommandError> {
        self.door.as_ref().ok_or_else(|| {
            let text = "this node has no hold printer, so nobody can print here from outside";
            CommandError::new(ErrorCode::NotHere, text)
                .with_remedy("run this on a client or a shared client")
        })
    }

    /// A place, with the names that it has at the site's gateways.
    fn place(&self, label: Option<Label>) -> PlaceChanged {
        let gateways = self.authority.gateways();
        let names = gateways.iter().map(|gateway| {
            let name = gateway.domain.place(&gateway.site, label.as_ref());
            name.to_string()
        });
        PlaceChanged {
            names: names.collect(),
            paths: self.paths(&label),
            label,
            lines: Vec::new(),
        }
    }

    /// What asks for a place in paths, at gateways that may read it.
    fn paths(&self, label: &Option<Label>) -> Vec<String> {
        let (gateways, allowed) = (self.authority.gateways(), self.authority.terminated());
        let places = self.door.as_ref().map(DoorHere::places).unwrap_or_default();
        let place = places.into_iter().find(|place| place.label == *label);
        let aliases = place.map(|place| place.aliases).unwrap_or_default();
        let may = gateways.iter().filter(|gateway| allowed.has(gateway.key));
        may.flat_map(|gateway| {
            let uri = |alias| format!("ipps://{}/{alias}", gateway.domain);
            aliases.iter().map(uri)
        })
        .collect()
    }

    /// What others call the door of a place with, one line for each gateway.
    fn lines(
        &self,
        label: Option<&Label>,
        mailbox: &MailAddress,
    ) -> Result<Vec<String>, CommandError> {
        let certificate = self.mesh.membership().certificate();
        let gateways = self.authority.gateways();
        let lines = gateways.iter().map(|gateway| {
            let callee = Callee {
                gateway: gateway.key,
                place: gateway.domain.place(&gateway.site, label),
                mailbox: mailbox.clone(),
                sealing: certificate.sealing,
            };
            let line = callee.to_line();
            line.map(|line| line.to_string())
                .map_err(|error| CommandError::of(ErrorCode::Failed, &error))
        });
        lines.collect()
    }
}

impl Handle<MakeToken> for Services {
    async fn handle(&self, command: MakeToken, _: Io) -> Answer<TokenMade> {
        let lifetime = command
            .lifetime
            .map_or(LIFETIME, |seconds| Duration::from_secs(seconds.into()));
        let made = self.local_users.make_token(NewToken {
            user: command.user,
            name: command.name,
            lifetime,
            rights: command.rights,
            allowance: command.allowance,
        });
        let (token, view) = made.await?;
        Ok(TokenMade {
            token: token.expose().to_string(),
            view: shown(view),
        })
    }
}

impl Handle<ListTokens> for Services {
    async fn handle(&self, command: ListTokens, _: Io) -> Answer<Vec<Token>> {
        let tokens = self.local_users.tokens(command.user).await?;
        Ok(tokens.into_iter().map(shown).collect())
    }
}

impl Handle<WithdrawToken> for Services {
    async fn handle(&self, command: WithdrawToken, _: Io) -> Answer<Token> {
        let withdrawn = self.local_users.withdraw_token(&command.token).await?;
        Ok(shown(withdrawn))
    }
}

fn shown(token: TokenView) -> Token {
    Token {
        id: token.id,
        user: token.user,
        name: token.name,
        made_at: token.made_at,
        until: token.until,
        rights: token.rights,
        allowance: token.allowance,
        used: token.used,
    }
}
