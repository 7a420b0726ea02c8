//! What a node must be able to do for its command line.

use std::future::Future;

use serde::Serialize;
use serde_json::Value;

use super::message::{
    AcceptLink, AddUser, Approve, AuditRead, AuditVerified, AwaitPage, BadgeChanged, ChangeBadge,
    ChangePin, DeleteJob, Diagnose, EnrollUser, Enrolled, ExportRoot, ExportSite, Finding,
    FollowJobs, GetStatus, HeldJob, ImportSite, Invite, InviteIssued, JobsFollowed, LinkTicket,
    Linked, ListHistory, ListInvites, ListJobs, ListMembers, ListPending, ListPrinters, ListUsers,
    Member, MoveJob, OfferLink, OpenInvite, OpenPortal, PageOpened, PendingDevice, PinChanged,
    PolicyView, PortalLink, Printer, ProtectJob, ReadAudit, Refuse, Refused, RemoveRoot, RenewRoot,
    Request, Revocation, Revoke, RootExported, RootView, SetUserState, ShowJob, ShowKey, ShowRoot,
    ShowSiteAuthority, ShowUser, SiteAuthority, SiteExported, SiteImported, SiteKey, SitePolicy,
    Status, SubmitJob, Submitted, UnlockJob, User, UserHere, UserTicket, VerifyAudit, Visit,
    VisitReport, WithdrawInvite,
};
use super::{Body, CommandError, ErrorCode, Events};

/// How a command ends.
pub type Answer<T> = Result<T, CommandError>;

/// A running node as its command line sees it: one method per command of
/// [`message`](super::message), where each is described.
///
/// The future of a command is dropped when the command line goes away. What must not stop half
/// way then, above all paper in a device, belongs into a task of its own.
pub trait Service: Send + Sync + 'static {
    /// How the node is.
    fn status(&self, command: GetStatus) -> impl Future<Output = Answer<Status>> + Send;
    /// What is wrong with it.
    fn diagnose(&self, command: Diagnose) -> impl Future<Output = Answer<Vec<Finding>>> + Send;
    /// Tells audit records as events, oldest first.
    fn read_audit(
        &self,
        command: ReadAudit,
        events: Events,
    ) -> impl Future<Output = Answer<AuditRead>> + Send;
    /// Checks the audit chain.
    fn verify_audit(
        &self,
        command: VerifyAudit,
    ) -> impl Future<Output = Answer<AuditVerified>> + Send;

    /// Makes an invite. Admin only, as all up to [`Service::import_site`] but the asking.
    fn invite(&self, command: Invite) -> impl Future<Output = Answer<InviteIssued>> + Send;
    /// Invites that are good still.
    fn list_invites(
        &self,
        command: ListInvites,
    ) -> impl Future<Output = Answer<Vec<OpenInvite>>> + Send;
    /// Takes an invite back.
    fn withdraw_invite(
        &self,
        command: WithdrawInvite,
    ) -> impl Future<Output = Answer<OpenInvite>> + Send;
    /// Devices that wait for approval.
    fn list_pending(
        &self,
        command: ListPending,
    ) -> impl Future<Output = Answer<Vec<PendingDevice>>> + Send;
    /// Admits one of them; returns once it has its certificate.
    fn approve(
        &self,
        command: Approve,
        events: Events,
    ) -> impl Future<Output = Answer<Member>> + Send;
    /// Sends one of them away.
    fn refuse(&self, command: Refuse) -> impl Future<Output = Answer<Refused>> + Send;
    /// The members.
    fn list_members(
        &self,
        command: ListMembers,
    ) -> impl Future<Output = Answer<Vec<Member>>> + Send;
    /// Withdraws a member's certificates.
    fn revoke(&self, command: Revoke) -> impl Future<Output = Answer<Revocation>> + Send;
    /// Shows or changes the site's policy.
    fn site_policy(&self, command: SitePolicy) -> impl Future<Output = Answer<PolicyView>> + Send;
    /// How the site's key is kept here.
    fn show_key(&self, command: ShowKey) -> impl Future<Output = Answer<SiteKey>> + Send;
    /// Shows the site's certificate. Any member.
    fn show_site_authority(
        &self,
        command: ShowSiteAuthority,
    ) -> impl Future<Output = Answer<SiteAuthority>> + Send;
    /// Shows who the admins are, and where the root is. Any member.
    fn show_root(&self, command: ShowRoot) -> impl Future<Output = Answer<RootView>> + Send;
    /// Gives out the root's file.
    fn export_root(&self, command: ExportRoot)
    -> impl Future<Output = Answer<RootExported>> + Send;
    /// Keeps the root here no longer.
    fn remove_root(&self, command: RemoveRoot) -> impl Future<Output = Answer<RootView>> + Send;
    /// Has the root sign anew.
    fn renew_root(&self, command: RenewRoot) -> impl Future<Output = Answer<RootView>> + Send;
    /// Seals all that an admin knows.
    fn export_site(&self, command: ExportSite)
    -> impl Future<Output = Answer<SiteExported>> + Send;
    /// Makes this member an admin. Any member of the site.
    fn import_site(
        &self,
        command: ImportSite,
        export: Body,
    ) -> impl Future<Output = Answer<SiteImported>> + Send;

    /// Adds a user. Admin only.
    fn add_user(&self, command: AddUser) -> impl Future<Output = Answer<UserTicket>> + Send;
    /// The users. Admin only.
    fn list_users(&self, command: ListUsers) -> impl Future<Output = Answer<Vec<User>>> + Send;
    /// Gives or takes a badge. Admin only.
    fn change_badge(
        &self,
        command: ChangeBadge,
    ) -> impl Future<Output = Answer<BadgeChanged>> + Send;
    /// Disables or enables a user. Admin only.
    fn set_user_state(&self, command: SetUserState) -> impl Future<Output = Answer<User>> + Send;
    /// Enrolls a user here.
    fn enroll_user(&self, command: EnrollUser) -> impl Future<Output = Answer<Enrolled>> + Send;
    /// Makes a ticket to link a further computer.
    fn offer_link(&self, command: OfferLink) -> impl Future<Output = Answer<LinkTicket>> + Send;
    /// Links this computer.
    fn accept_link(&self, command: AcceptLink) -> impl Future<Output = Answer<Linked>> + Send;
    /// Changes a user's PIN.
    fn change_pin(&self, command: ChangePin) -> impl Future<Output = Answer<PinChanged>> + Send;
    /// What this computer knows of one of its users.
    fn show_user(&self, command: ShowUser) -> impl Future<Output = Answer<UserHere>> + Send;

    /// Takes a document. Returns once it is safe; whatever can be refused without the document
    /// is refused before `document` is read.
    fn submit_job(
        &self,
        command: SubmitJob,
        document: Body,
        events: Events,
    ) -> impl Future<Output = Answer<Submitted>> + Send;
    /// The printers that this computer has met.
    fn list_printers(
        &self,
        command: ListPrinters,
    ) -> impl Future<Output = Answer<Vec<Printer>>> + Send;
    /// Jobs held here, as printers list them.
    fn list_jobs(&self, command: ListJobs) -> impl Future<Output = Answer<Vec<HeldJob>>> + Send;
    /// Deletes a job held here.
    fn show_job(&self, command: ShowJob) -> impl Future<Output = Answer<HeldJob>> + Send;
    /// See [`DeleteJob`].
    fn delete_job(&self, command: DeleteJob) -> impl Future<Output = Answer<HeldJob>> + Send;
    /// Protects a job held here, or no longer.
    fn protect_job(&self, command: ProtectJob) -> impl Future<Output = Answer<HeldJob>> + Send;
    /// Keeps the password of a locked document that is held here.
    fn unlock_job(&self, command: UnlockJob) -> impl Future<Output = Answer<HeldJob>> + Send;

    /// Moves a job held here in its user's list.
    fn move_job(&self, command: MoveJob) -> impl Future<Output = Answer<HeldJob>> + Send;
    /// Jobs that were held here, the last first.
    fn list_history(
        &self,
        command: ListHistory,
    ) -> impl Future<Output = Answer<Vec<HeldJob>>> + Send;

    /// Tells what happens to jobs held here as [`Event::Held`](super::message::Event), until
    /// nobody listens any more.
    fn follow_jobs(
        &self,
        command: FollowJobs,
        events: Events,
    ) -> impl Future<Output = Answer<JobsFollowed>> + Send;

    /// Makes a link to the portal.
    fn open_portal(&self, command: OpenPortal) -> impl Future<Output = Answer<PortalLink>> + Send;
    /// Waits until one was used.
    fn await_page(&self, command: AwaitPage) -> impl Future<Output = Answer<PageOpened>> + Send;

    /// A user's visit at this printer. Tells [`Event::Progress`](super::message::Event) and,
    /// for each job that is through, [`Event::Job`](super::message::Event).
    fn visit(
        &self,
        command: Visit,
        events: Events,
    ) -> impl Future<Output = Answer<VisitReport>> + Send;
}

/// Answers any request. Every [`Service`] is one; the server knows no more than this.
pub(super) trait Handler: Send + Sync + 'static {
    fn handle(
        &self,
        request: Request,
        document: Body,
        events: Events,
    ) -> impl Future<Output = Answer<Value>> + Send;
}

impl<S: Service> Handler for S {
    async fn handle(&self, request: Request, document: Body, events: Events) -> Answer<Value> {
        match request {
            Request::GetStatus(command) => json(self.status(command).await),
            Request::Diagnose(command) => json(self.diagnose(command).await),
            Request::ReadAudit(command) => json(self.read_audit(command, events).await),
            Request::VerifyAudit(command) => json(self.verify_audit(command).await),
            Request::Invite(command) => json(self.invite(command).await),
            Request::ListInvites(command) => json(self.list_invites(command).await),
            Request::WithdrawInvite(command) => json(self.withdraw_invite(command).await),
            Request::ListPending(command) => json(self.list_pending(command).await),
            Request::Approve(command) => json(self.approve(command, events).await),
            Request::Refuse(command) => json(self.refuse(command).await),
            Request::ListPrinters(command) => json(self.list_printers(command).await),
            Request::ListMembers(command) => json(self.list_members(command).await),
            Request::Revoke(command) => json(self.revoke(command).await),
            Request::ExportSite(command) => json(self.export_site(command).await),
            Request::ImportSite(command) => json(self.import_site(command, document).await),
            Request::SitePolicy(command) => json(self.site_policy(command).await),
            Request::ShowKey(command) => json(self.show_key(command).await),
            Request::ShowSiteAuthority(command) => json(self.show_site_authority(command).await),
            Request::ShowRoot(command) => json(self.show_root(command).await),
            Request::ExportRoot(command) => json(self.export_root(command).await),
            Request::RemoveRoot(command) => json(self.remove_root(command).await),
            Request::RenewRoot(command) => json(self.renew_root(command).await),
            Request::AddUser(command) => json(self.add_user(command).await),
            Request::EnrollUser(command) => json(self.enroll_user(command).await),
            Request::OfferLink(command) => json(self.offer_link(command).await),
            Request::AcceptLink(command) => json(self.accept_link(command).await),
            Request::ListUsers(command) => json(self.list_users(command).await),
            Request::ChangeBadge(command) => json(self.change_badge(command).await),
            Request::SetUserState(command) => json(self.set_user_state(command).await),
            Request::ChangePin(command) => json(self.change_pin(command).await),
            Request::ShowUser(command) => json(self.show_user(command).await),
            Request::SubmitJob(command) => json(self.submit_job(command, document, events).await),
            Request::ListJobs(command) => json(self.list_jobs(command).await),
            Request::ShowJob(command) => json(self.show_job(command).await),
            Request::DeleteJob(command) => json(self.delete_job(command).await),
            Request::ProtectJob(command) => json(self.protect_job(command).await),
            Request::UnlockJob(command) => json(self.unlock_job(command).await),
            Request::MoveJob(command) => json(self.move_job(command).await),
            Request::ListHistory(command) => json(self.list_history(command).await),
            Request::FollowJobs(command) => json(self.follow_jobs(command, events).await),
            Request::OpenPortal(command) => json(self.open_portal(command).await),
            Request::AwaitPage(command) => json(self.await_page(command).await),
            Request::Visit(command) => json(self.visit(command, events).await),
        }
    }
}

fn json<T: Serialize>(answer: Answer<T>) -> Answer<Value> {
    serde_json::to_value(answer?).map_err(|error| {
        CommandError::new(
            ErrorCode::Failed,
            format!("the answer has no JSON form: {error}"),
        )
    })
}
