//! What every command has at hand: the home, the screen, and the running node.

use super::failure::CliError;
use super::screen::Screen;
use super::secrets::{self, PassphraseArgs};
use crate::config::{Config, Home, Settings};
use crate::control::message::{Command, Event};
use crate::control::{Client, ControlError, ErrorCode, Passphrase};

/// What every command has at hand.
#[derive(Debug)]
pub(super) struct Context {
    /// The home that the command is about.
    pub(super) home: Home,
    /// Where its output goes.
    pub(super) screen: Screen,
    /// What the environment says of the configuration.
    pub(super) environment: Settings,
}

impl Context {
    /// The configuration with these flags on top.
    pub(super) fn config(&self, flags: Settings) -> Result<Config, CliError> {
        Ok(Config::load(&self.home, flags, self.environment.clone())?)
    }

    /// Makes sure that a node runs, before a person types something for it in vain.
    pub(super) async fn need_node(&self) -> Result<(), CliError> {
        Client::connect(&self.home).await?;
        Ok(())
    }

    /// Has the running node do something that says nothing meanwhile.
    pub(super) async fn call<C: Command>(&self, command: C) -> Result<C::Reply, CliError> {
        self.follow(command, |event| {
            if let Event::Notice(text) = event {
                self.screen.remark(&text);
            }
            Ok(())
        })
        .await
    }

    /// Has the running node do something, and hears what happens meanwhile.
    pub(super) async fn follow<C: Command>(
        &self,
        command: C,
        on_event: impl FnMut(Event) -> Result<(), CliError>,
    ) -> Result<C::Reply, CliError> {
        let client = Client::connect(&self.home).await?;
        client.call(command, on_event).await
    }

    /// As [`Context::call`]; none if no node runs.
    pub(super) async fn call_if_running<C: Command>(
        &self,
        command: C,
    ) -> Result<Option<C::Reply>, CliError> {
        match self.call(command).await {
            Ok(reply) => Ok(Some(reply)),
            Err(CliError::Control(ControlError::NoNode { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Has the running node do something that the authority key has to sign. If that is sealed
    /// and no passphrase was given, a person is asked for it.
    pub(super) async fn call_as_admin<C: Command>(
        &self,
        passphrase: &PassphraseArgs,
        command: impl Fn(Option<Passphrase>) -> C,
    ) -> Result<C::Reply, CliError> {
        self.call_with(passphrase.given(&self.screen)?, command)
            .await
    }

    /// The same with the passphrase that was given, if one was.
    pub(super) async fn call_with<C: Command>(
        &self,
        given: Option<Passphrase>,
        command: impl Fn(Option<Passphrase>) -> C,
    ) -> Result<C::Reply, CliError> {
        let asked = given.is_none();
        match self.call(command(given)).await {
            Err(CliError::Refused(error))
                if asked && error.code == ErrorCode::PassphraseRequired =>
            {
                let typed = secrets::ask_passphrase("The authority key's passphrase:", false)?;
                self.call(command(Some(typed))).await
            }
            answer => answer,
        }
    }
}
