door-title = Your page is not open here
door-text = It opens with a one-time link. In a terminal on this computer, type:
door-hint = Reloading closes the page, so that nobody finds it open.
used-title = This link has already been used
used-text = A link opens one page, once, within two minutes. If it was used twice, the page that it opened is closed, too. To open another page, type:
over-title = This page is closed
over-text = It closes after half an hour without use and when the node stops. To open it again, type:
closed-title = The page is closed
closed-text = Nothing of it is left in this window. To open it again, type:
unproven-title = This page is closed
unproven-text = There were too many wrong attempts to confirm that it is you. To open it again, type:
portal-away = This computer’s node is not responding. The page comes back when it does.
portal-close = Close
admin = Admin
places = Sections
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
lead-history = What happened to your jobs in the last 30 days.
lead-account = Your PIN, your badges and your computers.
lead-devices = The site’s computers and printers, and devices waiting to join.
lead-people = Who can print.
lead-printers = The current state of the site’s printers.
lead-policy = How users identify themselves at printers, and how long jobs are kept.
lead-audit = This computer’s audit records of the last 30 days, signed and chained.

jobs-nothing = No jobs are waiting. What you print is held here until you release it at a printer.
job-up = Earlier
job-down = Later
job-unlock = Enter password
unlock-title = { $name } is locked
unlock-text = Its author set a password. The password is stored sealed with the job and used when you print it.
unlock-password = Password
unlock-go = Save
unlock-wrong = This password does not open it.
unlock-missing = Please enter the password.
is-waiting = shown at printers from
is-printing = Printing at { $printer }
is-printing-page = Printing at { $printer }, page { $page }
is-stopped = { $printer } has stopped
was-printed = Printed and kept at { $printer }
was-maybe = May have printed at { $printer }
was-not = Not printed at { $printer }
history-nothing = Nothing yet. When something has been printed, its receipt appears here.
gone-printed = Printed at { $printer }
gone-deleted = Deleted on this computer
gone-deleted-at = Deleted at { $printer }
gone-expired = Expired without being printed
receipt-number = Number
receipt-job = Job
receipt-sent = Sent
receipt-printer = Printer
receipt-node = Signed by
receipt-pages = Pages

account-pin = PIN
account-pin-text = You enter it at every printer. Only your own computers can check it.
account-pin-old = Current PIN
account-pin-new = New PIN, at least 4 characters
account-pin-again = Repeat new PIN
account-pin-go = Change PIN
account-pin-wait = One moment…
account-linked-text = You enrolled on another computer, and this one is linked to it. Change your PIN there.
account-shared-text = On a shared computer, you choose a PIN for each visit.
account-badges = Badges
account-badges-count = { $count ->
    [0] No badge
    [one] 1 badge
   *[other] { $count } badges
}
account-badges-text = Your admin registers badges. Numbers are stored only in scrambled form, so they cannot be shown.
account-computers = Computers
account-computers-text = Your jobs can be held on each of them.
account-this = This one
account-old-pin = Still has the old PIN
account-link = Link another computer
pin-missing = Please fill in all three fields.
pin-differs = The new PINs do not match. Please enter them again.
pin-wrong = The current PIN is wrong. Nothing was changed.
pin-odd = A PIN has 4 to 128 characters.

pending-title = Waiting to join
pending-nothing = No device is waiting. A new device asks to join with "papermesh join".
pending-compare = Enter the six digits that its screen shows.
pending-approve = Admit
pending-text = Read the six digits on the screen of the device itself and enter them here. Only the device that shows them is admitted.
pending-digits = Digits on its screen
pending-go = Admit
digits-wrong = No waiting device shows these digits. Please read them on its screen again. If it does show them, somebody is intercepting: do not admit anything.
pending-refuse = Refuse
members-title = Members
members-nothing = There are no members.
member-this = this computer
member-here = connected now
member-seen = last seen
member-never = never seen from here
member-revoked = certificate revoked
member-revoke = Revoke
member-node = Node
member-until = Certificate until
role-client = Computer
role-shared-client = Shared computer
role-printer = Printer
role-bootstrap = Bootstrap
role-admin = Admin
invite = Invite a device
invite-text = You get one line. It admits one device, once, without comparing digits.
invite-role = Role
invite-name = Name (optional)
invite-name-hint = If empty, the device chooses one.
invite-good = Valid for
invite-go = Create invite
invites-title = Open invites
invite-withdraw = Withdraw

people-nothing = There are no users yet.
people-add = Add a user
people-add-text = You get a ticket to hand over. The user enrolls with it and chooses a PIN.
people-add-go = Create ticket
people-id = User ID
people-id-hint = Such as a login name or an email address.
people-name = Display name (optional)
people-badge-number = Badge number
people-badge-hint = As a reader reads it; optional.
people-badge = Badge
people-ticket = New ticket
people-block = Block
people-unblock = Unblock
people-enrolled = Enrolled
people-not-enrolled = Not enrolled yet
typed-user = That is not a user ID. User IDs consist of letters, digits, dots and dashes.
typed-name = That is not a valid name.
typed-badge = Please enter the badge number.
badge-title = Badge of { $user }
badge-text = A badge identifies its user at every printer.
badge-give = Assign
badge-take = Remove

printers-nothing = The site has no printer yet. A printer joins with "papermesh join --role printer".
printer-asking = Asking…
printer-silent = Not responding
printer-ready = Ready
printer-troubled = Ready, with warnings
printer-stopped = Not accepting jobs

policy-login = Users log in at printers with
login-badge-pin = Badge or user ID, and PIN
login-badge-pin-text = The badge says who you are, the PIN proves it. The usual choice.
login-pin = User ID and PIN
login-pin-text = Badges are not accepted.
login-badge = Badge alone
login-badge-text = Nobody proves who they are: a badge can be cloned, and every printer here can open and print all jobs of everyone who has a badge.
policy-bind = Unknown badges
policy-bind-off = Admins register badges
policy-bind-off-text = Users who tap an unknown badge are asked to contact an admin. The usual choice.
policy-bind-on = Users register their badges themselves
policy-bind-on-text = Users who tap an unregistered badge and then log in with user ID and PIN can register it at the printer. One of their own computers and an admin’s computer must be switched on.
policy-kept = Unclaimed jobs
policy-kept-text = They are deleted after this time unless their owner chose another.
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
export-text = Everything an admin has, in one sealed file. With the file and its passphrase, another computer can become an admin, even if this one is lost.
export-hint = If the site’s key has a passphrase, use that one.
export-again = Repeat passphrase
export-go = Seal
export-missing = Please fill in both fields.
export-differs = The passphrases do not match. Please enter them again.
export-wrong = The site’s key has a different passphrase. Please enter that one.
export-unsealed = The site’s key has no passphrase, so a page cannot export it. Type “papermesh site export” in a terminal.
export-ready = The export is sealed
export-ready-text = Keep the file and its passphrase apart. On another computer, import it with "papermesh site import".
export-save = Save the file
export-saved = Saved

audit-nothing = No records.
audit-verify = Verify the chain
audit-number = Record
audit-peer = Other node

sure-do = Yes
sure-delete = Delete this job?
sure-delete-text = { $name } will be permanently deleted. Nobody will be able to print it.
sure-delete-yes = Delete
sure-revoke = Revoke { $name }?
sure-revoke-text = Members will no longer accept it. Jobs that it holds cannot be printed, and it can only rejoin with a new invite. Members that are offline learn of it when they reconnect.
sure-revoke-yes = Revoke
sure-block = Block { $name }?
sure-block-text = Printers will no longer let this user log in. Waiting jobs stay sealed until they expire. You can unblock the user later.
passphrase-title = Enter your passphrase
passphrase-text = It confirms that you opened this page. The key then stays unlocked until the node stops.
passphrase = Passphrase
passphrase-wrong = This passphrase does not open it.
passphrase-go = Unlock the key
code-title = Confirm it’s you
code-text = The terminal in which you typed “papermesh open” shows six digits. They confirm that you opened this page.
code = Digits in the terminal
code-wrong = These digits are wrong.
code-go = Continue

ticket-enroll = Ticket for { $user }
ticket-enroll-text = Hand it over. On their own computer, the user types "papermesh user enroll" followed by this line.
ticket-again = This user has already enrolled. Using the ticket replaces the key and the PIN, and linked computers must be linked again.
ticket-link = Link another computer
ticket-link-text = On the other computer, type "papermesh user link" followed by this line.
ticket-join = Invite: { $device }
ticket-join-text = On the device, type "papermesh join -" and then this line. The first device to use it is admitted.
invite-line = Invite
invite-code = The invite as a QR code
ticket-line = Ticket
ticket-code = The ticket as a QR code
ticket-copy = Copy
ticket-copied = Copied
ticket-until = Valid until
invite-used = Used by

said-deleted = { $name } was deleted.
said-protected = { $name } is protected from automatic deletion when space runs low.
said-unprotected = { $name } is no longer protected.
said-moved = { $name } was moved.
said-unlocked = { $name } can now be printed.
said-pin = PIN changed. The old one no longer works.
said-pin-outdated = PIN changed. These computers still have the old one and get the new one as soon as they can be reached: { $name }
said-approved = { $name } is now a member.
said-refused = The device was turned away.
said-withdrawn = The invite was withdrawn. It no longer admits anyone.
said-revoked = { $name } was revoked.
said-enabled = { $name } can print again.
said-disabled = { $name } can no longer print.
said-badge = { $name } now has the badge.
said-badge-former = { $name } now has the badge. It previously belonged to { $former }.
said-badge-taken = The badge was removed from { $name }.
said-policy = The policy was changed and spreads as members connect.
said-verified = { $count ->
    [one] The chain is intact: one record. Its hash:
   *[other] The chain is intact: { $count } records. Hash of the last:
}
failed = This did not work:
failed-gone = This is no longer here.
failed-busy = This is not possible right now.
failed-away = The other device is not responding.
failed-data = Invalid data:

outside-title = Print from here
outside-lead = What you send is encrypted and waits in the office. It is printed only when its owner stands at a printer.
outside-print = Send files
outside-copies = Copies
outside-sides = Sides
outside-color = Color
outside-any = As the file says
outside-files = Files
outside-formats = PDF, pictures (JPEG, PNG) or plain text
outside-go = Send
outside-held = { $count ->
    [one] One file is waiting.
   *[other] { $count } files are waiting.
}
outside-not-held = This was not taken.
outside-jobs = Sent from here
outside-no-jobs = Nothing has been sent from here yet.
outside-waits = Waiting
outside-incoming = Arriving
outside-deleted = Deleted
outside-printers = Printers
outside-search = Name, place or abilities
outside-find = Search
outside-none = No printer matches.
outside-not-ready = Needs attention
outside-add = Print from any program
outside-add-text = Add this printer to your system. Whoever has these addresses prints here, so keep them to yourself.
outside-apple = Profile for iPhone, iPad and Mac
outside-address = Address for Android, ChromeOS and others
outside-windows = Windows, in PowerShell
outside-cups = Linux, in a terminal

place-elsewhere = Elsewhere
place-internet = Internet
lead-elsewhere = What prints for you outside the site: your phone at home, a guest's laptop. It is held here, and comes out only for you.
lead-internet = Gateways let people print from outside, without opening the firewall. They pass on what is encrypted and cannot read it.
share = Print from elsewhere
share-text = You get an address with a code. Whoever has it prints for you, and nobody else sees it.
share-name = What or who is it for?
share-name-hint = Such as "iPad", or "Dana, auditor"
share-who = How much may be printed?
share-mine = As much as I need, for a year
share-guest = Three jobs, within a day
share-go = Get the address
share-nowhere = Nobody can print here from outside yet: this computer opens no place at a gateway.
share-line = Address
share-code = The address as a code for cameras
ticket-print = Print for you: { $name }
ticket-print-text = Open this address in a browser there, or hold a camera at the code. The page takes files, and adds the printer to phones, tablets and computers. It is not shown again.
tokens-nothing = Nothing prints for you from outside.
token-jobs = { $count ->
    [one] One job
   *[other] { $count } jobs
}
token-jobs-of = { $count } of { $most } jobs
gateway-add = Add a gateway
gateway-add-text = Its provider needs the site's id and gives you a line. All computers of the site know the gateway from then on.
gateway-line = Line
gateway-add-go = Add
gateway-missing = Please enter the line of the gateway's provider.
gateway-odd = This is not the line of a gateway.
gateway-remove = Remove
gateways-nothing = The site has no gateway. Nobody prints from outside.
gateway-idle = This computer opens no place there
gateway-dialing = Connecting
gateway-asleep = Connects when it is called
gateway-down = Not connected
gateway-knocks = { $count ->
    [one] One connection from outside
   *[other] { $count } connections from outside
}
gateway-up-since = Connected since
place-certified = Certificate until
place-refused = Certificate refused until
place-read = The gateway can read what is printed by this name
place-seen = Seen from outside, says { $by }:
mismatch-key = { $name } showed { $by } another key than { $doors } says
mismatch-key-text = The network of who saw it may look into encrypted connections, or somebody else answers in place of that computer. Look from another network. If it is the same there, print nothing through this gateway and remove it; if not, dismiss this.
mismatch-claimed = { $name } is claimed by several computers: { $doors }
mismatch-claimed-text = One of them says that a place is its own which it did not open. See on each who opened it, and revoke the one that was changed.
mismatch-no-tls = { $name } of { $doors } does not answer { $by } with TLS
mismatch-no-tls-text = A filter in the network of who saw it may cut the connection, or the gateway does not show the place to everybody. Look from another network; if it is the same there, ask the gateway’s provider.
mismatch-closed = { $name } is closed for { $by }, and { $doors } has it open
mismatch-closed-text = The gateway does not show the place to everybody. Look from another network; if it is the same there, ask the gateway’s provider.
mismatch-last = Last seen
mismatch-seen = Seen: key { $key }, certificate of { $issuer }
mismatch-says = { $door } says: key { $key }
mismatch-dismiss = Dismiss
places-title = Places of this computer
place-of-site = Place of the site
place-asked = Not open yet
place-asleep = Called by mail
place-close = Close
place-new = New place
place-new-text = A name by which this computer is found from outside; what is printed there is held here.
place-open = Open
sure-gateway = Remove { $name }?
sure-gateway-text = Nobody prints through it any longer.
said-gateway = { $name } is added.
said-gateway-removed = { $name } is removed.
said-place = The place is being opened.
said-place-closed = The place is closed.
said-dismissed = What was seen at { $name } is dismissed.
said-token = { $name } prints no longer.

mail-title = By mail
mail-new = Another address of yours
mail-new-text = What you mail to { $address } from an address of yours is held here for you.
mail-clear = On its way it lies at the mail server, unencrypted, until it is fetched.
mail-add = Register an address
mail-add-text = You get a mail there with a code, which shows that you read it.
mail-address = Mail address
mail-language = Language of answers
mail-add-go = Send the code
mail-code-title = Type the code
mail-code-ask = A code was mailed to { $address }. It is good for a quarter of an hour.
mail-code = Code
mail-code-go = Register
mail-code-wrong = This is not the code. Please look into the newest mail.
mail-remove = Remove
mail-since = Registered
typed-mail = This is not a mail address.
said-address = What you mail from { $name } is held for you.
said-address-removed = What is mailed from { $name } is no longer held.
mail-code-subject = Confirm your mail address
mail-code-text =
    Your code: { $code }

    It is good for { $minutes } minutes. Whoever types it has what is mailed from this address held for them, to print it.
mail-code-foot = A program at { $site } sent this. If you did not ask for it, there is nothing to do.
mail-subject = Your mail
mail-text = Text of the mail
mail-untitled = Untitled
mail-held = Held for you:
mail-before = Not held again, because the same document came before:
mail-not-held = Not held:
mail-where = Release it at any printer of { $site } until { $until }.
mail-nothing = Nothing was held.
mail-empty = There is nothing in it that can be printed. Attach documents as PDF, JPEG, PNG or plain text.
mail-html = Its text has formatting and cannot be printed. Send it as plain text, or attach it as a PDF.
mail-why-picture = a picture in the text of the mail is not a document
mail-why-mail = a mail within the mail is not printed; attach its documents instead
mail-why-damaged = it arrived damaged; send it again
mail-too-many = It has more than { $most } attachments. Please send several mails.
mail-too-large = It is too large: all attachments together may have { $most } MiB. Please send several mails.
mail-unreadable = The mail could not be read.
mail-often = Too many mails came from you today.
mail-option-unknown = “{ $option }” is not an option.
mail-option-contradicts = “{ $option }” contradicts another option.
mail-options = There are: 2x (copies), duplex, tumble, simplex, mono, color, and sizes of paper such as a4 or letter.
mail-last = So many mails came from you that the next ones are not answered, for up to an hour.
mail-foot = A program at { $site } sent this because a mail came from your address. Nobody reads replies to it.
