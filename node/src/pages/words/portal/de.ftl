door-title = Ihre Seite ist hier nicht offen
door-text = Sie öffnet sich mit einem Link, der einmal gilt. Geben Sie in einem Terminal dieses Computers ein:
door-hint = Neu laden schließt die Seite, damit niemand sie offen vorfindet.
used-title = Dieser Link wurde schon benutzt
used-text = Ein Link öffnet eine Seite, einmal, innerhalb von zwei Minuten. Wurde er zweimal benutzt, ist auch die Seite geschlossen, die er geöffnet hat. Für eine weitere geben Sie ein:
over-title = Diese Seite ist geschlossen
over-text = Sie schließt nach einer halben Stunde ohne Benutzung, und wenn der Knoten endet. Um sie wieder zu öffnen, geben Sie ein:
closed-title = Die Seite ist geschlossen
closed-text = In diesem Fenster ist nichts von ihr übrig. Um sie wieder zu öffnen, geben Sie ein:
unproven-title = Diese Seite ist geschlossen
unproven-text = Was als Beweis getippt wurde, war zu oft falsch. Um sie wieder zu öffnen, geben Sie ein:
portal-away = Der Knoten dieses Computers antwortet nicht. Die Seite kommt wieder, wenn er es tut.
portal-close = Schließen
admin = Verwaltung
places = Bereiche
details = Einzelheiten
chip-urgent = Dringend
chip-damaged = Beschädigt
chip-revoked = Widerrufen
chip-blocked = Gesperrt
size-bytes = { $amount } Byte
size-kb = { $amount } kB
size-mb = { $amount } MB

place-jobs = Wartend
place-history = Verlauf
place-account = Mein Konto
place-devices = Geräte
place-people = Benutzer
place-printers = Drucker
place-policy = Regeln
place-audit = Protokoll
lead-jobs = Versiegelt auf diesem Computer, bis Sie sie an einem Drucker drucken. Drucker zeigen sie in dieser Reihenfolge.
lead-history = Was in den letzten 30 Tagen aus Ihren Aufträgen wurde.
lead-account = Ihre PIN, Ihre Ausweise und Ihre Computer.
lead-devices = Die Computer und Drucker des Standorts, und die, die beitreten wollen.
lead-people = Wer drucken darf.
lead-printers = Wie es den Druckern des Standorts gerade geht.
lead-policy = Was alle am Drucker zeigen, und wie lange Aufträge warten.
lead-audit = Was dieser Computer in den letzten 30 Tagen aufgeschrieben hat, signiert und verkettet.

jobs-nothing = Nichts wartet. Was Sie drucken, liegt hier, bis Sie es an einem Drucker abholen.
job-up = Früher
job-down = Später
job-unlock = Kennwort angeben
unlock-title = { $name } ist verschlossen
unlock-text = Wer es erstellt hat, hat ihm ein Kennwort gegeben. Es wird versiegelt beim Auftrag aufbewahrt und benutzt, wenn Sie drucken.
unlock-password = Kennwort
unlock-go = Aufbewahren
unlock-wrong = Dieses Kennwort öffnet es nicht.
unlock-missing = Bitte tippen Sie das Kennwort.
is-waiting = an Druckern ab
is-printing = Wird an { $printer } gedruckt
is-printing-page = Wird an { $printer } gedruckt, Seite { $page }
is-stopped = { $printer } steht still
was-printed = Gedruckt und behalten an { $printer }
was-maybe = Vielleicht gedruckt an { $printer }
was-not = Nicht gedruckt an { $printer }
history-nothing = Noch nichts. Wenn etwas gedruckt wurde, liegt sein Beleg hier.
gone-printed = Gedruckt an { $printer }
gone-deleted = Auf diesem Computer gelöscht
gone-deleted-at = An { $printer } gelöscht
gone-expired = Ungedruckt abgelaufen
receipt-number = Nummer
receipt-job = Auftrag
receipt-sent = Gesendet
receipt-printer = Drucker
receipt-node = Signiert von
receipt-pages = Seiten

account-pin = PIN
account-pin-text = Sie tippen sie an jedem Drucker. Nur Ihre eigenen Computer können sie prüfen.
account-pin-old = Bisherige PIN
account-pin-new = Neue PIN, mindestens 4 Zeichen
account-pin-again = Neue PIN noch einmal
account-pin-go = PIN ändern
account-pin-wait = Einen Moment…
account-linked-text = Sie haben sich auf einem anderen Computer angemeldet, mit dem dieser verbunden ist. Ändern Sie Ihre PIN dort.
account-shared-text = Auf einem geteilten Computer wählen Sie bei jedem Besuch eine PIN.
account-badges = Ausweise
account-badges-count = { $count ->
    [0] Kein Ausweis
    [one] 1 Ausweis
   *[other] { $count } Ausweise
}
account-badges-text = Ausweise trägt Ihre Verwaltung ein. Von der Nummer wird nur eine verschlüsselte Form behalten, daher kann sie nicht gezeigt werden.
account-computers = Computer
account-computers-text = Auf jedem davon können Ihre Aufträge warten.
account-this = Dieser
account-old-pin = Hat noch die alte PIN
account-link = Weiteren Computer verbinden
pin-missing = Bitte füllen Sie alle drei Felder aus.
pin-differs = Die neuen PINs sind nicht gleich. Bitte tippen Sie sie noch einmal.
pin-wrong = Die bisherige PIN ist falsch. Nichts wurde geändert.
pin-odd = Eine PIN hat 4 bis 128 Zeichen.

pending-title = Wollen beitreten
pending-nothing = Kein Gerät will beitreten. Ein neues fragt mit „papermesh join“.
pending-compare = Tippen Sie die sechs Ziffern, die sein Bildschirm zeigt.
pending-approve = Hereinlassen
pending-text = Lesen Sie die sechs Ziffern am Bildschirm des Geräts selbst und tippen Sie sie hier. Nur das Gerät, das sie zeigt, kommt herein.
pending-digits = Ziffern auf seinem Bildschirm
pending-go = Hereinlassen
digits-wrong = Kein wartendes Gerät zeigt diese Ziffern. Bitte lesen Sie sie noch einmal an seinem Bildschirm. Zeigt es sie doch, ist jemand dazwischen: lassen Sie nichts herein.
pending-refuse = Abweisen
members-title = Mitglieder
members-nothing = Es gibt keine Mitglieder.
member-this = dieser Computer
member-here = jetzt verbunden
member-seen = zuletzt gesehen
member-never = von hier noch nie gesehen
member-revoked = Zertifikat zurückgezogen
member-revoke = Widerrufen
member-node = Knoten
member-until = Zertifikat bis
role-client = Computer
role-shared-client = Geteilter Computer
role-printer = Drucker
role-bootstrap = Bootstrap
role-admin = Verwaltung
invite = Gerät einladen
invite-text = Sie bekommen eine Zeile. Sie lässt ein Gerät herein, einmal, ohne dass Ziffern verglichen werden.
invite-role = Es wird
invite-name = Sein Name
invite-name-hint = Ohne Namen wählt das Gerät einen.
invite-good = Gültig für
invite-go = Einladung machen
invites-title = Offene Einladungen
invite-withdraw = Zurücknehmen

people-nothing = Es gibt noch keine Benutzer.
people-add = Benutzer hinzufügen
people-add-text = Sie bekommen ein Ticket zum Weitergeben. Damit meldet sich der Benutzer an und wählt eine PIN.
people-add-go = Ticket machen
people-id = Benutzerkennung
people-id-hint = Etwa ein Anmeldename oder eine Mailadresse.
people-name = Name, falls er anders lautet
people-badge-number = Ausweisnummer
people-badge-hint = Wie ein Leser sie liest; darf fehlen.
people-badge = Ausweis
people-ticket = Neues Ticket
people-block = Sperren
people-unblock = Entsperren
people-enrolled = Angemeldet
people-not-enrolled = Noch nicht angemeldet
typed-user = Das ist keine Benutzerkennung. Sie hat Buchstaben, Ziffern, Punkte und Striche.
typed-name = Das ist kein Name.
typed-badge = Bitte geben Sie die Nummer des Ausweises ein.
badge-title = Ein Ausweis von { $user }
badge-text = Ein Ausweis nennt an jedem Drucker seinen Benutzer.
badge-give = Geben
badge-take = Zurücknehmen

printers-nothing = Der Standort hat noch keinen Drucker. Ein Drucker tritt mit „papermesh join --role printer“ bei.
printer-asking = Wird gefragt…
printer-silent = Antwortet nicht
printer-ready = Bereit
printer-troubled = Bereit, aber sehen Sie nach ihm
printer-stopped = Nimmt jetzt keine Aufträge an

policy-login = Am Drucker zeigen alle
login-badge-pin = Ausweis oder Kennung, und PIN
login-badge-pin-text = Der Ausweis sagt, wer Sie sind, die PIN beweist es. So ist es üblich.
login-pin = Kennung und PIN
login-pin-text = Ausweise werden nicht angenommen.
login-badge = Nur den Ausweis
login-badge-text = Niemand beweist etwas: Ein Ausweis lässt sich nachmachen, und jeder Drucker hier kann alle Aufträge aller öffnen und drucken, die einen Ausweis haben.
policy-bind = Unbekannte Ausweise
policy-bind-off = Die Verwaltung trägt Ausweise ein
policy-bind-off-text = Wer einen unbekannten Ausweis auflegt, wird an sie verwiesen. So ist es üblich.
policy-bind-on = Benutzer tragen ihren Ausweis selbst ein
policy-bind-on-text = Wer einen Ausweis auflegt, den niemand hat, und sich dann mit Benutzerkennung und PIN anmeldet, kann ihn am Drucker eintragen. Dafür müssen ein eigener Computer und einer der Verwaltung eingeschaltet sein.
policy-kept = Nicht abgeholte Aufträge
policy-kept-text = Sie werden gelöscht, wenn ihr Besitzer keine andere Zeit wollte.
policy-kept-for = Aufbewahrt für
policy-go = Speichern
span-minutes = { $count ->
    [one] 1 Minute
   *[other] { $count } Minuten
}
span-hours = { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
}
span-days = { $count ->
    [one] 1 Tag
   *[other] { $count } Tage
}
export = Standort sichern
export-text = Alles, was die Verwaltung hat, in einer versiegelten Datei. Mit Datei und Kennsatz übernimmt ein anderer Computer die Verwaltung, auch wenn dieser verloren ist.
export-hint = Hat der Schlüssel des Standorts einen Kennsatz, dann ist es dieser.
export-again = Kennsatz noch einmal
export-go = Versiegeln
export-missing = Bitte füllen Sie beide Felder aus.
export-differs = Die beiden sind nicht gleich. Bitte tippen Sie sie noch einmal.
export-wrong = Der Schlüssel des Standorts hat einen anderen Kennsatz. Bitte tippen Sie diesen.
export-unsealed = Der Schlüssel des Standorts hat keinen Kennsatz, und eine Seite gibt ihn nicht heraus. Tippen Sie „papermesh site export“ in einem Terminal.
export-ready = Der Standort ist versiegelt
export-ready-text = Bewahren Sie die Datei nicht bei ihrem Kennsatz auf. Auf einem anderen Computer übernimmt „papermesh site import“ sie.
export-save = Datei speichern
export-saved = Gespeichert

audit-nothing = Nichts wurde aufgeschrieben.
audit-verify = Kette prüfen
audit-number = Eintrag
audit-peer = Anderer Knoten

sure-do = Ja
sure-delete = Diesen Auftrag löschen?
sure-delete-text = { $name } wird endgültig gelöscht. Niemand kann ihn mehr drucken.
sure-delete-yes = Löschen
sure-revoke = { $name } widerrufen?
sure-revoke-text = Kein Mitglied spricht mehr mit ihm. Aufträge, die es hält, können nicht gedruckt werden, und es kommt nur mit einer neuen Einladung zurück. Mitglieder, die gerade fort sind, erfahren es, wenn sie wieder da sind.
sure-revoke-yes = Widerrufen
sure-block = { $name } sperren?
sure-block-text = Drucker lassen diesen Benutzer nicht mehr herein. Wartende Aufträge bleiben versiegelt, bis sie ablaufen. Sie können ihn später entsperren.
passphrase-title = Ihr Kennsatz, bitte
passphrase-text = Er beweist, dass Sie diese Seite geöffnet haben. Der Schlüssel bleibt dann offen, bis der Knoten endet.
passphrase = Kennsatz
passphrase-wrong = Dieser Kennsatz öffnet ihn nicht.
passphrase-go = Schlüssel öffnen
code-title = Sind Sie es?
code-text = Das Terminal, in dem Sie „papermesh open“ getippt haben, zeigt sechs Ziffern. Sie beweisen, dass Sie diese Seite geöffnet haben.
code = Ziffern im Terminal
code-wrong = Das sind nicht die Ziffern.
code-go = Weiter

ticket-enroll = Ein Ticket für { $user }
ticket-enroll-text = Geben Sie es weiter. Der Benutzer tippt auf dem eigenen Computer „papermesh user enroll“ und diese Zeile.
ticket-again = Dieser Benutzer war schon angemeldet. Wer das Ticket benutzt, ersetzt Schlüssel und PIN, und verbundene Computer müssen neu verbunden werden.
ticket-link = Weiteren Computer verbinden
ticket-link-text = Tippen Sie auf dem anderen Computer „papermesh user link“ und diese Zeile.
ticket-join = Einladung: { $device }
ticket-join-text = Tippen Sie auf dem Gerät „papermesh join -“ und dann diese Zeile. Wer sie zuerst hat, wird hereingelassen.
invite-line = Einladung
invite-code = Die Einladung als QR-Code
ticket-line = Ticket
ticket-code = Das Ticket als QR-Code
ticket-copy = Kopieren
ticket-copied = Kopiert
ticket-until = Gültig bis
invite-used = Benutzt von

said-deleted = { $name } ist gelöscht.
said-protected = { $name } ist geschützt: Er macht anderen keinen Platz.
said-unprotected = { $name } ist nicht mehr geschützt.
said-moved = { $name } wurde verschoben.
said-unlocked = { $name } kann jetzt gedruckt werden.
said-pin = Ihre PIN ist geändert. Die alte gilt nicht mehr.
said-pin-outdated = Ihre PIN ist geändert. Nicht erreicht und bis dahin noch mit der alten: { $name }
said-approved = { $name } ist jetzt Mitglied.
said-refused = Das Gerät wurde abgewiesen.
said-withdrawn = Die Einladung ist zurückgenommen. Sie lässt niemanden mehr herein.
said-revoked = { $name } ist kein Mitglied mehr.
said-enabled = { $name } darf wieder drucken.
said-disabled = { $name } darf nicht mehr drucken.
said-badge = { $name } hat den Ausweis jetzt.
said-badge-former = { $name } hat den Ausweis jetzt. Bisher gehörte er { $former }.
said-badge-taken = { $name } hat den Ausweis nicht mehr.
said-policy = Die Regeln sind geändert und verbreiten sich mit jeder Verbindung.
said-verified = { $count ->
    [one] Die Kette ist heil: ein Eintrag. Sein Hash:
   *[other] Die Kette ist heil: { $count } Einträge. Hash des letzten:
}
failed = Das ging nicht:
failed-gone = Das gibt es hier nicht mehr.
failed-busy = Das geht gerade nicht.
failed-away = Das andere Gerät antwortet nicht.
failed-data = Etwas ist nicht, wie es sein soll:
