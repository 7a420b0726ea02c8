page-title = { $printer } – Papermesh
away = The printer’s computer is not responding. This page comes back by itself.
menu = Language and colors
menu-language = Language
menu-look = Colors
look-auto = Automatic
look-light = Light
look-dark = Dark
look-contrast = High contrast

welcome = Print your documents
welcome-tap = Tap your badge
welcome-lead = Your documents stay sealed until you release them here.
welcome-type = Use user ID and PIN
device-ready = Printer ready
device-busy = Printing now
device-stopped = Printer needs attention
device-silent = Printer is not responding. It may be waking up.
device-changed = This printer’s certificate has changed. Your jobs are safe; please tell your admin.
keys = On-screen keyboard
keys-capitals = Capital letters
keys-signs = Symbols
keys-space = Space
erase = Erase
back = Back

typing-title = Who are you?
typing-pin-title = Enter your PIN
typing-badge = Badge read.
typing-user = User ID
typing-pin = PIN or password
typing-go = Show my jobs
typing-wait = One moment…

notice-timed-out = You were logged out due to inactivity.
notice-logged-out = You are logged out.
notice-still = { $count ->
    [one] You are logged out. One document is still being printed.
   *[other] You are logged out. { $count } documents are still being printed.
}
notice-unknown-badge = This badge isn’t registered. Log in with your user ID and PIN, and ask your admin to register it.
notice-new-badge = This badge isn’t registered yet. Log in once with your user ID and PIN, and you can register it as yours.
notice-random-badge = This kind of card or phone shows a different number each time, so it cannot be registered. Please log in with your user ID and PIN.
notice-unread-badge = Couldn’t read the badge. Please tap again.
notice-no-badges = This site does not use badges. Please enter your user ID and PIN.
notice-refused = Not logged in. The PIN or user ID is wrong, or none of your computers is switched on. Please try again.
notice-wait-seconds = { $count ->
    [one] Too many attempts. Try again in one second.
   *[other] Too many attempts. Try again in { $count } seconds.
}
notice-wait-minutes = { $count ->
    [one] Locked after too many attempts. Try again in one minute.
   *[other] Locked after too many attempts. Try again in { $count } minutes.
}
notice-no-user = That is not a user ID. User IDs consist of letters, digits, dots and dashes.
notice-no-pin = Please enter your PIN.

phone-use = Use your phone
phone-use-lead = Scan the code with its camera to use it as keyboard and list.
phone-code = Code to scan with a phone’s camera
phone-move = On my phone
phone-move-title = Continue on your phone
phone-move-lead = Scan this code with your phone’s camera. Your list moves to the phone and is hidden from this screen.
phone-knock = Connect this phone?
phone-knock-lead = Tap the number that your phone shows.
phone-knock-no = That’s not me
phone-lent = Continue on your phone
phone-lent-lead = Enter your user ID and PIN on the phone.
phone-lent-user = { $user } is using a phone
phone-lent-user-lead = The documents are shown only on the phone.
phone-lent-end = End
phone-away = The phone’s screen is off, or it lost its connection. Waiting for it to come back…
phone-scan = Scan the code on the panel
phone-scan-lead = Go to the printer and point this phone’s camera at the code on its screen.
phone-number = Tap this number on the panel
phone-number-lead = Then this phone is your keyboard and list.
notice-code-over = This code has been used or has expired. Please scan the one that the panel shows now.
notice-not-let-in = This phone was not connected. Please scan the code again.
notice-phone-refused = The phone was not connected.

badge-ask-title = Register this badge as yours?
badge-ask-text = It was tapped before you logged in and isn’t registered yet. Next time, tap it instead of entering your user ID.
badge-ask-yes = Register
badge-ask-no = Not now
badge-asking = Registering the badge…
badge-bound = The badge is yours. Next time, tap it instead of entering your user ID.
badge-taken = This badge belongs to somebody else. Please ask your admin.
badge-too-many = You already have the maximum number of badges. Please ask your admin to remove one.
badge-no-admin = The badge was not registered: no admin’s computer can be reached. Please try again later, or ask your admin.
badge-not = The badge cannot be registered here. Please ask your admin.

clock = until log-out
clock-soon = You will be logged out soon.
stay = Stay
leave = Log out
bar = Actions for the selected jobs

jobs-title = Your jobs
jobs-count = { $count ->
    [one] 1 job
   *[other] { $count } jobs
}
jobs-all = Select all
jobs-none = No documents are waiting for you.
jobs-coming = Looking for your documents…
jobs-more = { $count ->
    [one] Show one more
   *[other] Show more ({ $count })
}
a-computer = a computer
holder-asleep = Jobs on { $name } cannot be reached right now. Is it switched off or asleep? Last seen
holder-other-pin = { $name } needs a different PIN. Last seen
holder-failed = Jobs on { $name } cannot be listed right now. Last seen
holder-asking = Contacting { $name }
first-page = First page
until = kept until
chip-maybe = May have printed
chip-leased = At another printer
chip-pin = Has its own PIN
chip-locked = Needs a password
chip-protected = Protected
chip-soon = Expires soon
age-now = just now
age-minutes = { $count ->
    [one] 1 minute ago
   *[other] { $count } minutes ago
}
age-hours = { $count ->
    [one] 1 hour ago
   *[other] { $count } hours ago
}
age-days = { $count ->
    [one] 1 day ago
   *[other] { $count } days ago
}
pages-count = { $count ->
    [one] 1 page
   *[other] { $count } pages
}
pages-only = pages { $pages } only
copies-count = { $count ->
    [one] 1 copy
   *[other] { $count } copies
}
sides-one = One side
sides-long = Both sides
sides-short = Both sides, flipped
color-color = Color
color-mono = Black and white
scaling-fit = Fit to the page
scaling-fill = Fill the page
scaling-none = Actual size
as-image = Print as image
finishing-none = None
staple = Staple
staple-dual = 2 staples
staple-triple = 3 staples
edge-stitch = Edge stitch
saddle-stitch = Saddle stitch
punch = Holes
punch-dual = 2 holes
punch-triple = 3 holes
punch-quad = 4 holes
punch-multiple = Many holes
fold = Fold
fold-half = Fold in half
fold-letter = Letter fold
fold-z = Z-fold
fold-other = Fold ({ $name })
finishing-at = { $what }, { $place }
at-top-left = top left
at-bottom-left = bottom left
at-top-right = top right
at-bottom-right = bottom right
at-left = left
at-top = top
at-right = right
at-bottom = bottom

print = Print
print-and-keep = Print and keep
options = Options
protect = Protect
delete = Delete
cancel = Cancel
done = Done
dismiss = Hide
options-title = How to print
options-hint = Applies to the selected jobs. Anything you don’t change prints as sent.
options-copies = Copies
options-sides = Sides
options-color = Color
options-scaling = Size on paper
options-staple = Staples
options-punch = Holes
options-fold = Folds
options-image = Garbled or empty pages?
options-pages = Pages
options-pages-all = All, or for example 1-3, 7
as-is = As sent
as-is-short = –
as-before = All as sent
fewer = Fewer
more-copies = More
sure-title = Delete the selected jobs?
sure-text = They will be permanently deleted without being printed.
sure-yes = Delete
sure-no = Keep

again-title = Some of this may already be printed
again-text = An earlier attempt was interrupted, and it is unknown how far it got. Please check the output tray.
again-print = Print again
again-delete = It’s there, delete it
job-pin-title = This job has its own PIN
job-pin-text = Its sender chose a PIN for this job only.
job-pin = Job PIN
document-password-title = This document is locked
document-password-text = Its author set a password. The password is used for this print only and is not stored.
document-password = Document password
remark-nothing = Select a job first.
remark-copies = Choose 1 to 999 copies.
remark-pages = Enter pages like 1-3, 7.
remark-too-much = That was a little fast. Please try again.
remark-gone = This job no longer exists.
failure = This did not work:

progress = Progress
print-in-line = Next in line
print-queued = Another document is printing. Yours is next.
print-sending = On its way to the printer
print-printing = Printing
print-page = Printing page { $page }
print-page-of = Printing page { $page } of { $pages }
print-stopped = Printer has stopped
print-canceling = Canceling at the printer
ended-printed = Printed
ended-kept = Printed and kept for next time
ended-not = Not printed. The job is still here.
ended-maybe = May have printed
maybe-what = Please check the output tray: is everything there?

reason-media-jam = Paper is jammed
reason-media-empty = Out of paper
reason-media-needed = Different paper is needed
reason-media-low = Paper is running low
reason-toner-empty = Out of toner
reason-toner-low = Toner is running low
reason-marker-supply-empty = Out of ink or toner
reason-marker-supply-low = Ink or toner is running low
reason-marker-waste-full = The waste container is full
reason-cover-open = A cover is open
reason-door-open = A door is open
reason-interlock-open = A door or cover is not closed
reason-output-area-full = The output tray is full
reason-input-tray-missing = A paper tray is missing
reason-offline = The printer is offline
reason-timed-out = The printer is not responding
reason-paused = The printer is paused
