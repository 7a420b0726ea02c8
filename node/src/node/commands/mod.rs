//! What the command line asks, carried to the service that can do it, and the answer carried
//! back in the command line's own words. Nothing is decided here.

mod audit;
mod jobs;
mod portal;
mod printers;
mod site;
mod users;
mod visit;

use super::Services;
use crate::control::message::{
    AcceptLink, AddUser, Approve, AuditRead, AuditVerified, AwaitPage, BadgeChanged, ChangeBadge,
    ChangePin, DeleteJob, Diagnose, EnrollUser, Enrolled, ExportRoot, ExportSite, Finding,
    FollowJobs, GetStatus, HeldJob, ImportSite, Invite, InviteIssued, JobsFollowed, LinkTicket,
    Linked, ListHistory, ListInvites, ListJobs, ListMembers, ListPending, ListPrinters, ListUsers,
    Member, MoveJob, OfferLink, OpenInvite, OpenPortal, PageOpened, PendingDevice, PinChanged,
    PolicyView, PortalLink, Printer, ProtectJob, ReadAudit, Refuse, Refused, RemoveRoot, RenewRoot,
    Revocation, Revoke, RootExported, RootView, SetUserState, ShowJob, ShowKey, ShowRoot,
    ShowSiteAuthority, ShowUser, SiteAuthority, SiteExported, SiteImported, SiteKey, SitePolicy,
    Status, SubmitJob, Submitted, UnlockJob, User, UserHere, UserTicket, VerifyAudit, Visit,
    VisitReport, WithdrawInvite,
};
use crate::control::{Answer, Body, Events, Service};
pub(super) use site::{code, exported_site as exported, import as import_of};

impl Service for Services {
    async fn status(&self, _: GetStatus) -> Answer<Status> {
        Self::status(self).await
    }

    async fn diagnose(&self, _: Diagnose) -> Answer<Vec<Finding>> {
        Self::diagnose(self).await
    }

    async fn read_audit(&self, command: ReadAudit, events: Events) -> Answer<AuditRead> {
        self.tell_audit(command, events).await
    }

    async fn verify_audit(&self, command: VerifyAudit) -> Answer<AuditVerified> {
        self.check_audit(command).await
    }

    async fn invite(&self, command: Invite) -> Answer<InviteIssued> {
        self.issue_invite(command).await
    }

    async fn list_invites(&self, _: ListInvites) -> Answer<Vec<OpenInvite>> {
        self.open_invites().await
    }

    async fn withdraw_invite(&self, command: WithdrawInvite) -> Answer<OpenInvite> {
        self.take_invite_back(command).await
    }

    async fn list_pending(&self, command: ListPending) -> Answer<Vec<PendingDevice>> {
        self.waiting_devices(command).await
    }

    async fn approve(&self, command: Approve, _: Events) -> Answer<Member> {
        self.approve_device(command).await
    }

    async fn refuse(&self, command: Refuse) -> Answer<Refused> {
        self.refuse_device(command).await
    }

    async fn list_members(&self, _: ListMembers) -> Answer<Vec<Member>> {
        self.known_members().await
    }

    async fn revoke(&self, command: Revoke) -> Answer<Revocation> {
        self.revoke_member(command).await
    }

    async fn site_policy(&self, command: SitePolicy) -> Answer<PolicyView> {
        self.policy(command).await
    }

    async fn show_key(&self, _: ShowKey) -> Answer<SiteKey> {
        self.site_key().await
    }

    async fn show_site_authority(&self, command: ShowSiteAuthority) -> Answer<SiteAuthority> {
        self.site_authority(command).await
    }

    async fn show_root(&self, _: ShowRoot) -> Answer<RootView> {
        self.root_view().await
    }

    async fn export_root(&self, command: ExportRoot) -> Answer<RootExported> {
        self.root_file(command).await
    }

    async fn remove_root(&self, _: RemoveRoot) -> Answer<RootView> {
        self.authority.remove_root().await?;
        self.root_view().await
    }

    async fn renew_root(&self, command: RenewRoot) -> Answer<RootView> {
        self.renew(command).await
    }

    async fn export_site(&self, command: ExportSite) -> Answer<SiteExported> {
        self.export(command).await
    }

    async fn import_site(&self, command: ImportSite, export: Body) -> Answer<SiteImported> {
        self.import(command, export).await
    }

    async fn add_user(&self, command: AddUser) -> Answer<UserTicket> {
        self.new_user(command).await
    }

    async fn list_users(&self, _: ListUsers) -> Answer<Vec<User>> {
        self.known_users().await
    }

    async fn change_badge(&self, command: ChangeBadge) -> Answer<BadgeChanged> {
        self.give_or_take_badge(command).await
    }

    async fn set_user_state(&self, command: SetUserState) -> Answer<User> {
        self.enable_or_disable(command).await
    }

    async fn enroll_user(&self, command: EnrollUser) -> Answer<Enrolled> {
        self.enroll(command).await
    }

    async fn offer_link(&self, command: OfferLink) -> Answer<LinkTicket> {
        self.link_ticket(command).await
    }

    async fn accept_link(&self, command: AcceptLink) -> Answer<Linked> {
        self.link(command).await
    }

    async fn change_pin(&self, command: ChangePin) -> Answer<PinChanged> {
        self.new_pin(command).await
    }

    async fn show_user(&self, command: ShowUser) -> Answer<UserHere> {
        self.user_here(command).await
    }

    async fn submit_job(
        &self,
        command: SubmitJob,
        document: Body,
        events: Events,
    ) -> Answer<Submitted> {
        self.submit(command, document, events).await
    }

    async fn list_printers(&self, _: ListPrinters) -> Answer<Vec<Printer>> {
        self.known_printers().await
    }

    async fn list_jobs(&self, command: ListJobs) -> Answer<Vec<HeldJob>> {
        self.held_jobs(command).await
    }

    async fn show_job(&self, command: ShowJob) -> Answer<HeldJob> {
        self.show_one(command).await
    }

    async fn delete_job(&self, command: DeleteJob) -> Answer<HeldJob> {
        self.delete_held(command).await
    }

    async fn protect_job(&self, command: ProtectJob) -> Answer<HeldJob> {
        self.protect_held(command).await
    }

    async fn unlock_job(&self, command: UnlockJob) -> Answer<HeldJob> {
        self.unlock_held(command).await
    }

    async fn move_job(&self, command: MoveJob) -> Answer<HeldJob> {
        self.move_held(command).await
    }

    async fn list_history(&self, command: ListHistory) -> Answer<Vec<HeldJob>> {
        self.past_jobs(command).await
    }

    async fn follow_jobs(&self, command: FollowJobs, events: Events) -> Answer<JobsFollowed> {
        self.tell_changes(command, events).await
    }

    async fn open_portal(&self, command: OpenPortal) -> Answer<PortalLink> {
        self.portal_link(command).await
    }

    async fn await_page(&self, command: AwaitPage) -> Answer<PageOpened> {
        self.page_opened(command).await
    }

    async fn visit(&self, command: Visit, events: Events) -> Answer<VisitReport> {
        self.visit_here(command, events).await
    }
}
