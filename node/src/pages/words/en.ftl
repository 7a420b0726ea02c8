page-title = { $printer } – Papermesh
away = The printer's computer does not answer. This page comes back by itself.
menu = Language and colours
menu-language = Language
menu-look = Colours
look-auto = Automatic
look-light = Light
look-dark = Dark
look-contrast = High contrast

welcome = Print your documents
welcome-tap = Tap your badge
welcome-lead = Your documents wait for you, sealed, until you are here.
welcome-type = Use user ID and PIN
device-ready = Printer ready
device-busy = Printing now
device-stopped = The printer needs a hand
device-silent = The printer does not answer; perhaps it wakes up
device-changed = The printer shows another certificate than before. Your jobs stay safe; please tell your admin.
keys = Keys on the screen
keys-capitals = Capital letters
keys-signs = Signs
keys-space = Space
erase = Erase
back = Back

typing-title = Who are you?
typing-pin-title = Your PIN, please
typing-badge = Your badge was read.
typing-user = User ID
typing-pin = PIN or password
typing-go = Show my jobs
typing-wait = One moment…

notice-timed-out = You were logged out because nobody touched the screen.
notice-logged-out = You are logged out.
notice-still = { $count ->
    [one] You are logged out. One document is still being printed.
   *[other] You are logged out. { $count } documents are still being printed.
}
notice-unknown-badge = Nobody is known by this badge. Log in with your user ID and PIN, and ask your admin to register the badge.
notice-new-badge = Nobody has this badge yet. Log in once with your user ID and PIN, and you can register it as yours.
notice-random-badge = This kind of card, or phone, shows another number each time, so it can name nobody. Please log in with your user ID and PIN.
notice-unread-badge = The badge was not read well. Please tap it again.
notice-no-badges = This site takes no badges. Please type your user ID and PIN.
notice-refused = Not logged in. The PIN or user ID is wrong, or none of your computers is switched on. Please try again.
notice-wait-seconds = { $count ->
    [one] Too many attempts. Try again in one second.
   *[other] Too many attempts. Try again in { $count } seconds.
}
notice-wait-minutes = { $count ->
    [one] Locked after too many attempts. Try again in one minute.
   *[other] Locked after too many attempts. Try again in { $count } minutes.
}
notice-no-user = This is no user ID. It has letters, digits, dots and dashes.
notice-no-pin = Please type your PIN.

phone-use = Use your phone
phone-use-lead = Read the code with its camera. The phone becomes keyboard and list.
phone-code = Code that a phone’s camera reads
phone-move = On my phone
phone-move-title = Go on with your phone
phone-move-lead = Read this code with your phone’s camera. Your list moves there, and this screen shows nothing of it.
phone-knock = A phone wants to be used here
phone-knock-lead = Touch the number that your phone shows.
phone-knock-no = That is not me
phone-lent = A phone is used here
phone-lent-lead = Type your user ID and PIN on the phone.
phone-lent-user = { $user } uses a phone here
phone-lent-user-lead = The documents are on the phone’s screen alone.
phone-lent-end = End
phone-away = The phone’s screen is off, or it has no connection. For a moment it is waited for.
phone-scan = Read the code on the panel
phone-scan-lead = Go to the printer and point this phone’s camera at the code on its screen.
phone-number = Touch this number at the panel
phone-number-lead = Then this phone is keyboard and list.
notice-code-over = This code is used up or too old. Please read the one that the panel shows now.
notice-not-let-in = This phone was not let in. Please read the code once more.
notice-phone-refused = The phone was not let in.

badge-ask-title = Register this badge as yours?
badge-ask-text = It was held to the reader before you logged in, and nobody has it yet. Next time you tap it instead of typing your user ID.
badge-ask-yes = Register
badge-ask-no = Not now
badge-asking = The badge is being registered…
badge-bound = The badge is yours. Next time, tap it instead of typing your user ID.
badge-taken = This badge is somebody else’s. Please ask your admin.
badge-too-many = You have as many badges as one can have. Please ask your admin to take one back.
badge-no-admin = The badge is not registered: no admin’s computer can be reached. Please try again later, or ask your admin.
badge-not = The badge cannot be registered here. Please ask your admin.

clock = until log-out
clock-soon = You will be logged out soon.
stay = Stay
leave = Log out
bar = What to do with the selected jobs

jobs-title = Your jobs
jobs-count = { $count ->
    [one] 1 job
   *[other] { $count } jobs
}
jobs-all = Select all
jobs-none = No documents are waiting for you.
jobs-coming = Looking for your documents
jobs-more = { $count ->
    [one] Show one more
   *[other] Show more ({ $count })
}
a-computer = a computer
holder-asleep = Jobs on { $name } cannot be reached now. Is it switched off or asleep? Last seen
holder-other-pin = { $name } wants another PIN than the one you typed. Last seen
holder-failed = Jobs on { $name } cannot be listed now. Last seen
holder-asking = Asking { $name }
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
color-color = Colour
color-mono = Black and white
scaling-fit = Fit to the page
scaling-fill = Fill the page
scaling-none = Actual size
as-image = Print as image

print = Print
print-and-keep = Print and keep
options = Options
protect = Protect
delete = Delete
cancel = Cancel
done = Done
dismiss = Hide
options-title = How to print
options-hint = This is for the selected jobs. What you leave as it is stays as you sent it.
options-copies = Copies
options-sides = Sides
options-color = Colour
options-scaling = Size on paper
options-image = Garbled or empty pages?
options-pages = Pages
options-pages-all = All, or for example 1-3, 7
as-is = As sent
as-is-short = –
as-before = All as sent
fewer = Fewer
more-copies = More
sure-title = Delete the selected jobs?
sure-text = They are deleted for good, unprinted.
sure-yes = Delete
sure-no = Keep

again-title = Some of this may be on paper already
again-text = An earlier attempt broke off and nobody knows how far it got. Please look at the output tray.
again-print = Print again
again-delete = It is there, delete it
job-pin-title = This job has a PIN of its own
job-pin-text = Its sender chose a PIN for this job alone.
job-pin = PIN of the job
document-password-title = This document is locked
document-password-text = Whoever made it gave it a password. It is used for this print only, and kept nowhere.
document-password = Password of the document
remark-nothing = Select a job first.
remark-copies = Copies go from 1 to 999.
remark-pages = Pages are written like 1-3, 7.
remark-too-much = That was a little fast. Please try again.
remark-gone = This job is not there any more.
failure = This did not work:

progress = Progress
print-in-line = Next in line
print-queued = Another document is at the printer. Yours comes next.
print-sending = On its way to the printer
print-printing = Printing
print-page = Printing page { $page }
print-page-of = Printing page { $page } of { $pages }
print-stopped = The printer stands still
print-canceling = Taking it back from the printer
ended-printed = Printed
ended-kept = Printed, and kept for next time
ended-not = Not printed. The job is still here.
ended-maybe = May have printed
maybe-what = Please look at the output tray: is it all there?

reason-media-jam = Paper is jammed
reason-media-empty = Out of paper
reason-media-needed = Other paper is needed
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
reason-timed-out = The printer does not answer
reason-paused = The printer is paused
