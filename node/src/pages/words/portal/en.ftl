door-title = Your page is not open here
door-text = It opens with a link that works once. In a terminal on this computer, type:
door-hint = Reloading closes the page, so that nobody finds it open.
used-title = This link was used already
used-text = A link opens one page, once, within two minutes. If it was used twice, the page that it opened is closed, too. For another page, type:
over-title = This page is closed
over-text = It closes after half an hour without use, and when the node stops. To open it again, type:
closed-title = The page is closed
closed-text = Nothing of it is left in this window. To open it again, type:
unproven-title = This page is closed
unproven-text = What was typed as proof was wrong too often. To open it again, type:
portal-away = This computer's node does not answer. The page comes back when it does.
portal-close = Close
admin = Admin
places = Places
details = Details
chip-urgent = Urgent
chip-damaged = Damaged
chip-revoked = Revoked
chip-blocked = Blocked
size-bytes = { $amount } bytes
size-kb = { $amount } kB
size-mb = { $amount } MB

place-jobs = Waiting
place-history = History
place-account = My account
place-devices = Devices
place-people = Users
place-printers = Printers
place-policy = Policy
place-audit = Audit
lead-jobs = Sealed on this computer until you print them at a printer. Printers list them in this order.
lead-history = What became of your jobs in the last 30 days.
lead-account = Your PIN, your badges and your computers.
lead-devices = The computers and printers of the site, and those that want to join.
lead-people = Who may print.
lead-printers = How the printers of the site are now.
lead-policy = What everybody shows at a printer, and how long jobs wait.
lead-audit = What this computer wrote down in the last 30 days, signed and chained.

jobs-nothing = Nothing waits. What you print is here until you release it at a printer.
job-up = Earlier
job-down = Later
job-unlock = Give its password
unlock-title = { $name } is locked
unlock-text = Whoever made it gave it a password. It is kept sealed with the job, and used when you print it.
unlock-password = Password
unlock-go = Keep it
unlock-wrong = This password does not open it.
unlock-missing = Please type the password.
is-waiting = offered at printers from
is-printing = Printing at { $printer }
is-printing-page = Printing at { $printer }, page { $page }
is-stopped = { $printer } stands still
was-printed = Printed and kept at { $printer }
was-maybe = May have printed at { $printer }
was-not = Did not print at { $printer }
history-nothing = Nothing yet. When something was printed, its receipt is here.
gone-printed = Printed at { $printer }
gone-deleted = Deleted on this computer
gone-deleted-at = Deleted at { $printer }
gone-expired = Expired unprinted
receipt-number = Number
receipt-job = Job
receipt-sent = Sent
receipt-printer = Printer
receipt-node = Signed by
receipt-pages = Pages

account-pin = PIN
account-pin-text = You type it at every printer. Only your own computers can check it.
account-pin-old = Current PIN
account-pin-new = New PIN, at least 4 characters
account-pin-again = New PIN once more
account-pin-go = Change PIN
account-pin-wait = One moment…
account-linked-text = You enrolled on another computer, and this one is linked to it. Change your PIN there.
account-shared-text = On a shared computer you choose a PIN with each visit.
account-badges = Badges
account-badges-count = { $count ->
    [0] No badge
    [one] 1 badge
   *[other] { $count } badges
}
account-badges-text = Your admin registers badges. Only a scrambled form of a number is kept, so it cannot be shown.
account-computers = Computers
account-computers-text = Your jobs can wait on each of them.
account-this = This one
account-old-pin = Still has the old PIN
account-link = Link another computer
pin-missing = Please fill in all three fields.
pin-differs = The new PINs are not the same. Please type them again.
pin-wrong = The current PIN is wrong. Nothing was changed.
pin-odd = A PIN has 4 to 128 characters.

pending-title = Waiting to join
pending-nothing = No device asks to join. A new one asks with "papermesh join".
pending-compare = Type the six digits that its screen shows.
pending-approve = Let it in
pending-text = Read the six digits on the screen of the device itself, and type them here. Only the device that shows them is let in.
pending-digits = Digits on its screen
pending-go = Let it in
digits-wrong = No device that waits shows these digits. Please read them once more on its screen. If it does show them, somebody is in between: let nothing in.
pending-refuse = Refuse
members-title = Members
members-nothing = There are no members.
member-this = this computer
member-here = connected now
member-seen = last seen
member-never = never seen from here
member-revoked = certificate withdrawn
member-revoke = Revoke
member-node = Node
member-until = Certificate until
role-client = Computer
role-shared-client = Shared computer
role-printer = Printer
role-bootstrap = Bootstrap
role-admin = Admin
invite = Invite a device
invite-text = You get one line. It lets one device in, once, without comparing digits.
invite-role = It is to be a
invite-name = Its name
invite-name-hint = Without one the device chooses.
invite-good = Good for
invite-go = Make an invite
invites-title = Open invites
invite-withdraw = Take back

people-nothing = There are no users yet.
people-add = Add a user
people-add-text = You get a ticket to hand over. With it the user enrols and chooses a PIN.
people-add-go = Make a ticket
people-id = User ID
people-id-hint = Such as a login name or a mail address.
people-name = Name, if it is another
people-badge-number = Badge number
people-badge-hint = As a reader reads it; may be left out.
people-badge = Badge
people-ticket = New ticket
people-block = Block
people-unblock = Unblock
people-enrolled = Enrolled
people-not-enrolled = Not enrolled yet
typed-user = This is no user ID. It has letters, digits, dots and dashes.
typed-name = This is no name.
typed-badge = Please type the badge's number.
badge-title = A badge of { $user }
badge-text = A badge names a user at every printer.
badge-give = Give it
badge-take = Take it back

printers-nothing = The site has no printer yet. A printer joins with "papermesh join --role printer".
printer-asking = Asking…
printer-silent = Does not answer
printer-ready = Ready
printer-troubled = Ready, and needs a look
printer-stopped = Takes no jobs now

policy-login = At a printer everybody shows
login-badge-pin = Badge or user ID, and PIN
login-badge-pin-text = The badge says who you are, the PIN proves it. The usual choice.
login-pin = User ID and PIN
login-pin-text = Badges are not taken.
login-badge = Badge alone
login-badge-text = Nobody proves anything: a badge can be cloned, and every printer here can open and print all jobs of everybody who has a badge.
policy-bind = Unknown badges
policy-bind-off = Admins register badges
policy-bind-off-text = Who taps an unknown badge is told to ask an admin. The usual choice.
policy-bind-on = Users register their badges themselves
policy-bind-on-text = Who taps a badge that nobody has, and then logs in with user ID and PIN, can register it at the printer. It works while a computer of their own is switched on, and an admin's.
policy-kept = Unclaimed jobs
policy-kept-text = They are deleted unless their owner asked for another time.
policy-kept-for = Kept for
policy-go = Save
span-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
export = Export the site
export-text = All that an admin has, in one sealed file. With file and passphrase another computer becomes an admin, also when this one is lost.
export-hint = If the site's key has a passphrase, it is that one.
export-again = Passphrase once more
export-go = Seal it
export-missing = Please fill in both fields.
export-differs = The two are not the same. Please type them again.
export-wrong = The site's key has another passphrase. Please type that one.
export-unsealed = The site’s key has no passphrase, and a page does not give it away. Type “papermesh site export” in a terminal.
export-ready = The site is sealed
export-ready-text = Keep the file where its passphrase is not. On another computer "papermesh site import" takes it over.
export-save = Save the file
export-saved = Saved

audit-nothing = Nothing was written down.
audit-verify = Verify the chain
audit-number = Record
audit-peer = Other node

sure-do = Yes
sure-delete = Delete this job?
sure-delete-text = { $name } is deleted for good. Nobody can print it any more.
sure-delete-yes = Delete
sure-revoke = Revoke { $name }?
sure-revoke-text = No member speaks with it any more. Jobs that it holds cannot be printed, and it comes back only with a new invite. Members that are away learn of it when they are back.
sure-revoke-yes = Revoke
sure-block = Block { $name }?
sure-block-text = Printers let this user in no more. Jobs that wait stay sealed until they expire. You can unblock the user later.
passphrase-title = Your passphrase, please
passphrase-text = It proves that it is you who opened this page. The key then stays open until the node stops.
passphrase = Passphrase
passphrase-wrong = This passphrase does not open it.
passphrase-go = Open the key
code-title = Is it you?
code-text = The terminal in which you typed “papermesh open” shows six digits. They prove that it was you who opened this page.
code = Digits in the terminal
code-wrong = These are not the digits.
code-go = Go on

ticket-enroll = A ticket for { $user }
ticket-enroll-text = Hand it over. On their own computer the user types "papermesh user enroll" and this line.
ticket-again = This user enrolled before. Whoever uses the ticket replaces key and PIN, and linked computers have to be linked again.
ticket-link = Link another computer
ticket-link-text = On the other computer type "papermesh user link" and this line.
ticket-join = Invite: { $device }
ticket-join-text = On the device, type "papermesh join -" and then this line. Whoever has it first is let in.
invite-line = Invite
invite-code = The invite as a QR code
ticket-line = Ticket
ticket-code = The ticket as a QR code
ticket-copy = Copy
ticket-copied = Copied
ticket-until = Good until
invite-used = Used by

said-deleted = { $name } is deleted.
said-protected = { $name } is protected: it makes no room for others.
said-unprotected = { $name } is protected no more.
said-moved = { $name } was moved.
said-unlocked = { $name } can be printed now.
said-pin = Your PIN is changed. The old one works no more.
said-pin-outdated = Your PIN is changed. Not reached, and still with the old one until they are: { $name }
said-approved = { $name } is a member now.
said-refused = The device was sent away.
said-withdrawn = The invite is taken back. It lets nobody in any more.
said-revoked = { $name } is a member no more.
said-enabled = { $name } may print again.
said-disabled = { $name } may print no more.
said-badge = { $name } has the badge now.
said-badge-former = { $name } has the badge now. Until now it was { $former }'s.
said-badge-taken = The badge was taken back from { $name }.
said-policy = The policy is changed, and spreads with every connection.
said-verified = { $count ->
    [one] The chain is whole: one record. Its hash:
   *[other] The chain is whole: { $count } records. Hash of the last:
}
failed = This did not work:
failed-gone = This is not there any more.
failed-busy = This cannot be done right now.
failed-away = The other device does not answer.
failed-data = Something is not as it should be:
