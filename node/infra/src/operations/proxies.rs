//! Output devices: coming, describing themselves, going (PWG 5100.18 section 5, PWG 5100.22 section 6.3).

use ipp::model::DelimiterTag;
use papermesh_ipp_message::message::{Answer, Failure};
use papermesh_ipp_message::requested::{Kind, Requested};
use papermesh_ipp_message::status::Status;

use super::done;
use crate::server::{Asking, InfraServer};
use crate::told;

/// Register-Output-Device. The proxy was registered when it was heard; here it is told where to go on.
pub(super) fn register<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Result<Answer, Failure> {
    asking.proxy()?;
    let service = asking.request.operation().text("printer-service-type");
    if service.is_some_and(|service| service != "print") {
        let text = "output devices can only be registered for printing";
        return Err(Failure::new(Status::AttributesOrValues, text));
    }
    let mut answer = done(asking);
    let told = told::registered(server, asking);
    answer.group(DelimiterTag::PrinterAttributes, told);
    Ok(answer)
}

/// Update-Output-Device-Attributes. What is of no use here is taken and not kept: proxies send what they
/// have, and some take any other answer than *ok* for a refusal.
pub(super) fn update<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Result<Answer, Failure> {
    let said = asking.request.group(DelimiterTag::PrinterAttributes);
    let updated = server.device.update(asking.proxy()?, said.0);
    updated
        .map_err(|error| Failure::new(Status::RequestEntityTooLarge, error.to_string()))
        .map(|()| done(asking))
}

/// Get-Output-Device-Attributes.
pub(super) fn get_attributes<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let requested = Requested::read(asking.request, &["all"]);
    let mut told = server.device.attributes_of(asking.proxy()?);
    told.retain(|attribute| requested.chooses(attribute.name().as_str(), Kind::Description));
    let mut answer = done(asking);
    answer.group(DelimiterTag::PrinterAttributes, told);
    Ok(answer)
}

/// Deregister-Output-Device.
pub(super) fn deregister<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    server.device.leave(asking.proxy()?);
    server.subscriptions.end(&asking.admitted()?.token);
    Ok(done(asking))
}
