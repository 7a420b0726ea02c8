//! Proxies that fetch what is released at this printer.

use papermesh_device::{InfraDevice, OutputDevice};
use papermesh_store::DeviceTokenRow;

use super::super::Services;
use crate::control::message::{
    DeviceTokenMade, DeviceTokenView, ListDeviceTokens, MakeDeviceToken, ProxyStatus,
    WithdrawDeviceToken,
};
use crate::control::{Answer, Handle, Io};

impl Services {
    /// The infrastructure printer, if that is this printer's device.
    fn infra_device(&self) -> Option<&InfraDevice> {
        match self.printer.as_ref()?.device() {
            OutputDevice::Infra(device) => Some(device),
            _ => None,
        }
    }

    fn device_token(&self, row: DeviceTokenRow) -> DeviceTokenView {
        let device = row.device.as_deref();
        let all = self.infra_device().map(InfraDevice::proxies);
        let mut known = all.into_iter().flatten();
        let proxy = known.find(|proxy| Some(proxy.id.as_str()) == device);
        DeviceTokenView {
            proxy: proxy.map(|proxy| ProxyStatus {
                active: proxy.active,
                described: proxy.described,
                silent: proxy.silent.as_secs(),
            }),
            name: row.name,
            made_at: row.made_at,
            device: row.device,
        }
    }
}

impl Handle<MakeDeviceToken> for Services {
    async fn handle(&self, command: MakeDeviceToken, _: Io) -> Answer<DeviceTokenMade> {
        let (token, row) = self.device_tokens.make(command.name).await?;
        Ok(DeviceTokenMade {
            token: token.expose().to_string(),
            name: row.name,
            port: self.infra.map(|address| address.port()),
        })
    }
}

impl Handle<ListDeviceTokens> for Services {
    async fn handle(&self, _: ListDeviceTokens, _: Io) -> Answer<Vec<DeviceTokenView>> {
        let all = self.device_tokens.all().await?;
        Ok(all.into_iter().map(|row| self.device_token(row)).collect())
    }
}

impl Handle<WithdrawDeviceToken> for Services {
    async fn handle(&self, command: WithdrawDeviceToken, _: Io) -> Answer<DeviceTokenView> {
        let withdrawn = self.device_tokens.withdraw(&command.name).await?;
        Ok(self.device_token(withdrawn))
    }
}
