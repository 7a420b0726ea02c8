//! The way in from outside the site.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use papermesh_door::Ways;
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::Callee;
use papermesh_protocol::invite::TicketError;
use papermesh_protocol::limits;
use papermesh_services::local_users::tokens::{LIFETIME, NewToken, TokenView};
use papermesh_store::PlaceRow;

use super::super::Services;
use super::super::calling;
use super::super::door::DoorHere;
use super::site::said;
use crate::control::message::{
    AddGateway, ClosePlace, DoorWoken, GatewayList, GatewayRemoved, ListGateways, ListTokens,
    MakeToken, OpenPlace, PlaceChanged, RemoveGateway, Token, TokenMade, WakeDoor, WithdrawToken,
};
use crate::control::{Answer, CommandError, ErrorCode, Handle, Io};

impl Handle<AddGateway> for Services {
    async fn handle(&self, command: AddGateway, _: Io) -> Answer<Gateway> {
        let gateway: Gateway = command
            .line
            .parse()
            .map_err(|error: TicketError| CommandError::of(ErrorCode::Usage, &error))?;
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

impl Handle<ListGateways> for Services {
    async fn handle(&self, _: ListGateways, _: Io) -> Answer<GatewayList> {
        let door = self.door.as_ref();
        Ok(GatewayList {
            gateways: self.authority.gateways().iter().cloned().collect(),
            places: door.map(DoorHere::places).unwrap_or_default(),
            status: door.map(DoorHere::status).unwrap_or_default(),
        })
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
        let place = PlaceRow {
            label: label.clone(),
            woken_by: command.woken_by,
        };
        let here = self.here()?;
        here.open(&self.store, place).await?;
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
            label,
            lines: Vec::new(),
        }
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
