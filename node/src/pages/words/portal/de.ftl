door-title = Ihre Seite ist hier nicht offen
door-text = Sie öffnet sich mit einem Link, der nur einmal gilt. Geben Sie in einem Terminal dieses Computers ein:
door-hint = Neuladen schließt die Seite, damit niemand sie offen vorfindet.
used-title = Dieser Link wurde schon benutzt
used-text = Ein Link öffnet eine Seite, einmal, innerhalb von zwei Minuten. Wurde er zweimal benutzt, ist auch die damit geöffnete Seite geschlossen. Um eine weitere zu öffnen, geben Sie ein:
over-title = Diese Seite ist geschlossen
over-text = Sie schließt nach einer halben Stunde ohne Benutzung und wenn der Knoten stoppt. Um sie wieder zu öffnen, geben Sie ein:
closed-title = Die Seite ist geschlossen
closed-text = In diesem Fenster ist nichts von ihr übrig. Um sie wieder zu öffnen, geben Sie ein:
unproven-title = Diese Seite ist geschlossen
unproven-text = Es gab zu viele falsche Versuche zu bestätigen, dass Sie es sind. Um sie wieder zu öffnen, geben Sie ein:
portal-away = Der Knoten dieses Computers antwortet nicht. Sobald er antwortet, kommt die Seite wieder.
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
lead-history = Was in den letzten 30 Tagen mit Ihren Aufträgen geschah.
lead-account = Ihre PIN, Ihre Ausweise und Ihre Computer.
lead-devices = Die Computer und Drucker des Standorts und Geräte, die beitreten möchten.
lead-people = Wer drucken kann.
lead-printers = Der aktuelle Zustand der Drucker des Standorts.
lead-policy = Wie Benutzer sich an Druckern ausweisen und wie lange Aufträge aufbewahrt werden.
lead-audit = Das Protokoll dieses Computers aus den letzten 30 Tagen, signiert und verkettet.

jobs-nothing = Keine Aufträge warten. Was Sie drucken, liegt hier, bis Sie es an einem Drucker abholen.
job-up = Früher
job-down = Später
job-unlock = Kennwort eingeben
unlock-title = { $name } ist gesperrt
unlock-text = Sein Autor hat ein Kennwort gesetzt. Es wird versiegelt beim Auftrag gespeichert und beim Drucken verwendet.
unlock-password = Kennwort
unlock-go = Speichern
unlock-wrong = Dieses Kennwort öffnet es nicht.
unlock-missing = Bitte geben Sie das Kennwort ein.
is-waiting = an Druckern sichtbar ab
is-printing = Wird an { $printer } gedruckt
is-printing-page = Wird an { $printer } gedruckt, Seite { $page }
is-stopped = { $printer } hat angehalten
was-printed = Gedruckt und behalten an { $printer }
was-maybe = Vielleicht gedruckt an { $printer }
was-not = Nicht gedruckt an { $printer }
history-nothing = Noch nichts. Wenn etwas gedruckt wurde, erscheint sein Beleg hier.
gone-printed = Gedruckt an { $printer }
gone-deleted = Auf diesem Computer gelöscht
gone-deleted-at = An { $printer } gelöscht
gone-expired = Abgelaufen, ohne gedruckt zu werden
receipt-number = Nummer
receipt-job = Auftrag
receipt-sent = Gesendet
receipt-printer = Drucker
receipt-node = Signiert von
receipt-pages = Seiten

account-pin = PIN
account-pin-text = Sie geben sie an jedem Drucker ein. Nur Ihre eigenen Computer können sie prüfen.
account-pin-old = Aktuelle PIN
account-pin-new = Neue PIN, mindestens 4 Zeichen
account-pin-again = Neue PIN wiederholen
account-pin-go = PIN ändern
account-pin-wait = Einen Moment …
account-linked-text = Sie haben sich auf einem anderen Computer registriert, mit dem dieser verbunden ist. Ändern Sie Ihre PIN dort.
account-shared-text = Auf einem geteilten Computer wählen Sie bei jedem Besuch eine PIN.
account-badges = Ausweise
account-badges-count = { $count ->
    [0] Kein Ausweis
    [one] 1 Ausweis
   *[other] { $count } Ausweise
}
account-badges-text = Ausweise registriert Ihre Verwaltung. Die Nummer wird nur verschleiert gespeichert und kann daher nicht angezeigt werden.
account-computers = Computer
account-computers-text = Auf jedem davon können Ihre Aufträge warten.
account-this = Dieser
account-old-pin = Hat noch die alte PIN
account-link = Weiteren Computer verbinden
pin-missing = Bitte füllen Sie alle drei Felder aus.
pin-differs = Die neuen PINs stimmen nicht überein. Bitte geben Sie sie noch einmal ein.
pin-wrong = Die aktuelle PIN ist falsch. Es wurde nichts geändert.
pin-odd = Eine PIN hat 4 bis 128 Zeichen.

pending-title = Warten auf Beitritt
pending-nothing = Kein Gerät wartet. Ein neues Gerät fragt mit „papermesh join“ an.
pending-compare = Geben Sie die sechs Ziffern ein, die sein Bildschirm zeigt.
pending-approve = Zulassen
pending-text = Lesen Sie die sechs Ziffern am Bildschirm des Geräts selbst ab und geben Sie sie hier ein. Nur das Gerät, das sie zeigt, wird zugelassen.
pending-digits = Ziffern auf seinem Bildschirm
pending-go = Zulassen
digits-wrong = Kein wartendes Gerät zeigt diese Ziffern. Bitte lesen Sie sie noch einmal von seinem Bildschirm ab. Zeigt es sie wirklich, hört jemand mit: Lassen Sie nichts zu.
pending-refuse = Ablehnen
members-title = Mitglieder
members-nothing = Es gibt keine Mitglieder.
member-this = dieser Computer
member-here = jetzt verbunden
member-seen = zuletzt gesehen
member-never = von hier noch nie gesehen
member-revoked = Zertifikat widerrufen
member-revoke = Widerrufen
member-node = Knoten
member-until = Zertifikat bis
role-client = Computer
role-shared-client = Geteilter Computer
role-printer = Drucker
role-bootstrap = Bootstrap
role-admin = Verwaltung
invite = Gerät einladen
invite-text = Sie bekommen eine Zeile. Sie lässt ein Gerät einmal zu, ohne Ziffernvergleich.
invite-role = Rolle
invite-name = Name (optional)
invite-name-hint = Bleibt das Feld leer, wählt das Gerät einen.
invite-good = Gültig für
invite-go = Einladung erstellen
invites-title = Offene Einladungen
invite-withdraw = Zurückziehen

people-nothing = Es gibt noch keine Benutzer.
people-add = Benutzer hinzufügen
people-add-text = Sie bekommen ein Ticket zum Weitergeben. Damit registriert sich der Benutzer und wählt eine PIN.
people-add-go = Ticket erstellen
people-id = Benutzerkennung
people-id-hint = Etwa ein Anmeldename oder eine E-Mail-Adresse.
people-name = Anzeigename (optional)
people-badge-number = Ausweisnummer
people-badge-hint = Wie ein Leser sie liest; optional.
people-badge = Ausweis
people-ticket = Neues Ticket
people-block = Sperren
people-unblock = Entsperren
people-enrolled = Registriert
people-not-enrolled = Noch nicht registriert
typed-user = Das ist keine Benutzerkennung. Sie besteht aus Buchstaben, Ziffern, Punkten und Strichen.
typed-name = Das ist kein gültiger Name.
typed-badge = Bitte geben Sie die Ausweisnummer ein.
badge-title = Ausweis von { $user }
badge-text = Ein Ausweis weist seinen Benutzer an jedem Drucker aus.
badge-give = Zuweisen
badge-take = Entfernen

printers-nothing = Der Standort hat noch keinen Drucker. Ein Drucker tritt mit „papermesh join --role printer“ bei.
printer-asking = Wird abgefragt …
printer-silent = Antwortet nicht
printer-ready = Bereit
printer-troubled = Bereit, mit Warnungen
printer-stopped = Nimmt keine Aufträge an

policy-login = Anmeldung an Druckern mit
login-badge-pin = Ausweis oder Kennung, und PIN
login-badge-pin-text = Der Ausweis sagt, wer Sie sind, die PIN beweist es. So ist es üblich.
login-pin = Kennung und PIN
login-pin-text = Ausweise werden nicht angenommen.
login-badge = Nur Ausweis
login-badge-text = Niemand weist nach, wer er ist: Ein Ausweis lässt sich kopieren, und jeder Drucker hier kann alle Aufträge aller Benutzer mit Ausweis öffnen und drucken.
policy-bind = Unbekannte Ausweise
policy-bind-off = Die Verwaltung registriert Ausweise
policy-bind-off-text = Wer einen unbekannten Ausweis anhält, wird an die Verwaltung verwiesen. So ist es üblich.
policy-bind-on = Benutzer registrieren ihre Ausweise selbst
policy-bind-on-text = Wer einen nicht registrierten Ausweis anhält und sich dann mit Benutzerkennung und PIN anmeldet, kann ihn am Drucker registrieren. Dafür müssen ein eigener Computer und einer der Verwaltung eingeschaltet sein.
policy-kept = Nicht abgeholte Aufträge
policy-kept-text = Sie werden nach dieser Zeit gelöscht, wenn ihr Besitzer keine andere gewählt hat.
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
export = Standort exportieren
export-text = Alles, was die Verwaltung hat, in einer versiegelten Datei. Mit Datei und Passphrase kann ein anderer Computer die Verwaltung übernehmen, auch wenn dieser verloren geht.
export-hint = Hat der Schlüssel des Standorts eine Passphrase, geben Sie diese ein.
export-again = Passphrase wiederholen
export-go = Versiegeln
export-missing = Bitte füllen Sie beide Felder aus.
export-differs = Die Passphrasen stimmen nicht überein. Bitte geben Sie sie noch einmal ein.
export-wrong = Der Schlüssel des Standorts hat eine andere Passphrase. Bitte geben Sie diese ein.
export-unsealed = Der Schlüssel des Standorts hat keine Passphrase, daher kann eine Seite ihn nicht exportieren. Geben Sie „papermesh site export“ in einem Terminal ein.
export-ready = Der Export ist versiegelt
export-ready-text = Bewahren Sie Datei und Passphrase getrennt auf. Auf einem anderen Computer importieren Sie die Datei mit „papermesh site import“.
export-save = Datei speichern
export-saved = Gespeichert

audit-nothing = Keine Einträge.
audit-verify = Kette prüfen
audit-number = Eintrag
audit-peer = Anderer Knoten

sure-do = Ja
sure-delete = Diesen Auftrag löschen?
sure-delete-text = { $name } wird endgültig gelöscht. Niemand kann es danach noch drucken.
sure-delete-yes = Löschen
sure-revoke = { $name } widerrufen?
sure-revoke-text = Mitglieder akzeptieren es nicht mehr. Aufträge, die es hält, können nicht gedruckt werden, und es kann nur mit einer neuen Einladung wieder beitreten. Mitglieder, die offline sind, erfahren es, wenn sie sich wieder verbinden.
sure-revoke-yes = Widerrufen
sure-block = { $name } sperren?
sure-block-text = An Druckern kann sich dieser Benutzer nicht mehr anmelden. Wartende Aufträge bleiben versiegelt, bis sie ablaufen. Sie können ihn später entsperren.
passphrase-title = Passphrase eingeben
passphrase-text = Sie bestätigt, dass Sie diese Seite geöffnet haben. Der Schlüssel bleibt dann entsperrt, bis der Knoten stoppt.
passphrase = Passphrase
passphrase-wrong = Diese Passphrase öffnet ihn nicht.
passphrase-go = Schlüssel entsperren
code-title = Bestätigen Sie, dass Sie es sind
code-text = Das Terminal, in dem Sie „papermesh open“ eingegeben haben, zeigt sechs Ziffern. Sie bestätigen, dass Sie diese Seite geöffnet haben.
code = Ziffern im Terminal
code-wrong = Diese Ziffern sind falsch.
code-go = Weiter

ticket-enroll = Ticket für { $user }
ticket-enroll-text = Geben Sie es weiter. Der Benutzer gibt auf dem eigenen Computer „papermesh user enroll“ und dann diese Zeile ein.
ticket-again = Dieser Benutzer ist schon registriert. Das Ticket ersetzt Schlüssel und PIN, und verbundene Computer müssen neu verbunden werden.
ticket-link = Weiteren Computer verbinden
ticket-link-text = Geben Sie auf dem anderen Computer „papermesh user link“ und dann diese Zeile ein.
ticket-join = Einladung: { $device }
ticket-join-text = Geben Sie auf dem Gerät „papermesh join -“ und dann diese Zeile ein. Das erste Gerät, das sie benutzt, wird zugelassen.
invite-line = Einladung
invite-code = Die Einladung als QR-Code
ticket-line = Ticket
ticket-code = Das Ticket als QR-Code
ticket-copy = Kopieren
ticket-copied = Kopiert
ticket-until = Gültig bis
invite-used = Benutzt von

said-deleted = { $name } wurde gelöscht.
said-protected = { $name } ist geschützt und wird bei Platzmangel nicht automatisch gelöscht.
said-unprotected = { $name } ist nicht mehr geschützt.
said-moved = { $name } wurde verschoben.
said-unlocked = { $name } kann jetzt gedruckt werden.
said-pin = PIN geändert. Die alte gilt nicht mehr.
said-pin-outdated = PIN geändert. Diese Computer haben noch die alte und bekommen die neue, sobald sie erreichbar sind: { $name }
said-approved = { $name } ist jetzt Mitglied.
said-refused = Das Gerät wurde abgewiesen.
said-withdrawn = Die Einladung wurde zurückgezogen. Sie lässt niemanden mehr zu.
said-revoked = { $name } wurde widerrufen.
said-enabled = { $name } kann wieder drucken.
said-disabled = { $name } kann nicht mehr drucken.
said-badge = { $name } hat jetzt den Ausweis.
said-badge-former = { $name } hat jetzt den Ausweis. Vorher gehörte er { $former }.
said-badge-taken = Der Ausweis von { $name } wurde entfernt.
said-policy = Die Regeln wurden geändert und verbreiten sich, sobald Mitglieder sich verbinden.
said-verified = { $count ->
    [one] Die Kette ist intakt: ein Eintrag. Sein Hash:
   *[other] Die Kette ist intakt: { $count } Einträge. Hash des letzten:
}
failed = Das hat nicht geklappt:
failed-gone = Das gibt es hier nicht mehr.
failed-busy = Das ist gerade nicht möglich.
failed-away = Das andere Gerät antwortet nicht.
failed-data = Ungültige Daten:

outside-title = Von hier aus drucken
outside-lead = Was Sie senden, ist verschlüsselt und wartet im Büro. Gedruckt wird es erst, wenn sein Besitzer an einem Drucker steht.
outside-print = Dateien senden
outside-copies = Exemplare
outside-sides = Seiten
outside-color = Farbe
outside-any = Wie in der Datei
outside-files = Dateien
outside-formats = PDF, Bilder (JPEG, PNG) oder reiner Text
outside-go = Senden
outside-held = { $count ->
    [one] Eine Datei wartet.
   *[other] { $count } Dateien warten.
}
outside-not-held = Das wurde nicht angenommen.
outside-jobs = Von hier gesendet
outside-no-jobs = Von hier wurde noch nichts gesendet.
outside-waits = Wartet
outside-incoming = Kommt an
outside-deleted = Gelöscht
outside-printers = Drucker
outside-search = Name, Ort oder Fähigkeiten
outside-find = Suchen
outside-none = Kein Drucker passt.
outside-not-ready = Braucht Hilfe
outside-add = Aus jedem Programm drucken
outside-add-text = Fügen Sie diesen Drucker Ihrem System hinzu. Wer diese Adressen hat, druckt hier; geben Sie sie nicht weiter.
outside-apple = Profil für iPhone, iPad und Mac
outside-address = Adresse für Android, ChromeOS und andere
outside-windows = Windows, in PowerShell
outside-cups = Linux, in einem Terminal

place-elsewhere = Unterwegs
place-internet = Internet
lead-elsewhere = Was außerhalb des Standorts für Sie druckt: Ihr Telefon zu Hause, der Laptop eines Gastes. Es wird hier verwahrt und kommt nur für Sie heraus.
lead-internet = Gateways lassen von außen drucken, ohne die Firewall zu öffnen. Sie reichen Verschlüsseltes weiter und können es nicht lesen.
share = Von unterwegs drucken
share-text = Sie erhalten eine Adresse mit einem Code. Wer sie hat, druckt für Sie; sonst sieht sie niemand.
share-name = Für was oder wen ist sie?
share-name-hint = Etwa „iPad“ oder „Dana, Prüferin“
share-who = Wie viel darf gedruckt werden?
share-mine = So viel ich brauche, ein Jahr lang
share-guest = Drei Aufträge, an einem Tag
share-go = Adresse erhalten
share-nowhere = Von außen kann hier noch niemand drucken: dieser Computer öffnet keinen Platz an einem Gateway.
share-line = Adresse
share-code = Die Adresse als Code für Kameras
ticket-print = Druckt für Sie: { $name }
ticket-print-text = Öffnen Sie diese Adresse dort in einem Browser, oder halten Sie eine Kamera an den Code. Die Seite nimmt Dateien an und fügt den Drucker Telefonen, Tablets und Computern hinzu. Sie wird nicht noch einmal gezeigt.
tokens-nothing = Von außen druckt nichts für Sie.
token-jobs = { $count ->
    [one] Ein Auftrag
   *[other] { $count } Aufträge
}
token-jobs-of = { $count } von { $most } Aufträgen
gateway-add = Gateway hinzufügen
gateway-add-text = Der Anbieter braucht die Kennung des Standorts und gibt Ihnen eine Zeile. Alle Computer des Standorts kennen das Gateway von da an.
gateway-line = Zeile
gateway-add-go = Hinzufügen
gateway-missing = Bitte geben Sie die Zeile des Anbieters ein.
gateway-odd = Das ist nicht die Zeile eines Gateways.
gateway-remove = Entfernen
gateways-nothing = Der Standort hat kein Gateway. Niemand druckt von außen.
gateway-idle = Dieser Computer öffnet dort keinen Platz
gateway-dialing = Verbindet
gateway-asleep = Verbindet sich, wenn es gerufen wird
gateway-down = Nicht verbunden
gateway-knocks = { $count ->
    [one] Eine Verbindung von außen
   *[other] { $count } Verbindungen von außen
}
gateway-up-since = Verbunden seit
place-certified = Zertifikat bis
place-refused = Zertifikat verweigert bis
place-read = Das Gateway kann lesen, was unter diesem Namen gedruckt wird
place-seen = Von außen gesehen, sagt { $by }:
mismatch-key = { $name } hat { $by } einen anderen Schlüssel gezeigt, als { $doors } sagt
mismatch-key-text = Vielleicht sieht das Netz, aus dem das gesehen wurde, in verschlüsselte Verbindungen hinein, oder jemand anderes antwortet statt dieses Computers. Sehen Sie aus einem anderen Netz nach. Ist es dort genauso, drucken Sie nichts über dieses Gateway und entfernen Sie es; wenn nicht, legen Sie dies ab.
mismatch-claimed = Mehrere Computer beanspruchen { $name }: { $doors }
mismatch-claimed-text = Einer von ihnen sagt, dass ihm ein Platz gehört, den er nicht geöffnet hat. Sehen Sie auf jedem nach, wer ihn geöffnet hat, und sperren Sie den, der verändert wurde.
mismatch-no-tls = { $name } von { $doors } antwortet { $by } nicht mit TLS
mismatch-no-tls-text = Vielleicht trennt ein Filter im Netz, aus dem das gesehen wurde, die Verbindung, oder das Gateway zeigt den Platz nicht allen. Sehen Sie aus einem anderen Netz nach; ist es dort genauso, fragen Sie den Anbieter des Gateways.
mismatch-closed = { $name } ist für { $by } geschlossen, und { $doors } hat es offen
mismatch-closed-text = Das Gateway zeigt den Platz nicht allen. Sehen Sie aus einem anderen Netz nach; ist es dort genauso, fragen Sie den Anbieter des Gateways.
mismatch-last = Zuletzt gesehen
mismatch-seen = Gesehen: Schlüssel { $key }, Zertifikat von { $issuer }
mismatch-says = { $door } sagt: Schlüssel { $key }
mismatch-dismiss = Ablegen
places-title = Plätze dieses Computers
place-of-site = Platz des Standorts
place-asked = Noch nicht offen
place-asleep = Wird per Mail gerufen
place-close = Schließen
place-new = Neuer Platz
place-new-text = Ein Name, unter dem dieser Computer von außen gefunden wird; was dort gedruckt wird, wird hier verwahrt.
place-open = Öffnen
sure-gateway = { $name } entfernen?
sure-gateway-text = Niemand druckt mehr darüber.
said-gateway = { $name } ist hinzugefügt.
said-gateway-removed = { $name } ist entfernt.
said-place = Der Platz wird geöffnet.
said-place-closed = Der Platz ist geschlossen.
said-dismissed = Was bei { $name } gesehen wurde, ist abgelegt.
said-token = { $name } druckt nicht mehr.

mail-title = Per E-Mail
mail-new = Eine weitere Adresse von Ihnen
mail-new-text = Was Sie von einer Ihrer Adressen an { $address } schicken, wird hier für Sie verwahrt.
mail-clear = Unterwegs liegt es unverschlüsselt auf dem Mailserver, bis es abgeholt wird.
mail-add = Adresse eintragen
mail-add-text = Sie bekommen dorthin eine E-Mail mit einem Code, der zeigt, dass Sie sie lesen.
mail-address = E-Mail-Adresse
mail-language = Sprache der Antworten
mail-add-go = Code schicken
mail-code-title = Code eingeben
mail-code-ask = Ein Code ging an { $address }. Er gilt eine Viertelstunde.
mail-code = Code
mail-code-go = Eintragen
mail-code-wrong = Das ist nicht der Code. Bitte sehen Sie in der neuesten E-Mail nach.
mail-remove = Entfernen
mail-since = Eingetragen
typed-mail = Das ist keine E-Mail-Adresse.
said-address = Was Sie von { $name } schicken, wird für Sie verwahrt.
said-address-removed = Was von { $name } kommt, wird nicht mehr verwahrt.
mail-code-subject = Bestätigen Sie Ihre E-Mail-Adresse
mail-code-text =
    Ihr Code: { $code }

    Er gilt { $minutes } Minuten. Wer ihn eingibt, für den wird verwahrt, was von dieser Adresse kommt, um es zu drucken.
mail-code-foot = Das schickt ein Programm von { $site }. Wenn Sie nicht darum gebeten haben, ist nichts zu tun.
mail-subject = Ihre E-Mail
mail-text = Text der E-Mail
mail-untitled = Ohne Titel
mail-held = Für Sie verwahrt:
mail-before = Nicht noch einmal verwahrt, weil dasselbe Dokument schon kam:
mail-not-held = Nicht verwahrt:
mail-where = Sie können es bis { $until } an jedem Drucker von { $site } freigeben.
mail-nothing = Es wurde nichts verwahrt.
mail-empty = Es ist nichts darin, was sich drucken lässt. Hängen Sie Dokumente als PDF, JPEG, PNG oder reinen Text an.
mail-html = Der Text ist formatiert und lässt sich nicht drucken. Schicken Sie ihn als reinen Text, oder hängen Sie ihn als PDF an.
mail-why-picture = ein Bild im Text der E-Mail ist kein Dokument
mail-why-mail = eine E-Mail in der E-Mail wird nicht gedruckt; hängen Sie stattdessen ihre Dokumente an
mail-why-damaged = es kam beschädigt an; schicken Sie es noch einmal
mail-too-many = Sie hat mehr als { $most } Anhänge. Bitte schicken Sie mehrere E-Mails.
mail-too-large = Sie ist zu groß: Alle Anhänge zusammen dürfen { $most } MiB haben. Bitte schicken Sie mehrere E-Mails.
mail-unreadable = Die E-Mail ließ sich nicht lesen.
mail-often = Heute kamen zu viele E-Mails von Ihnen.
mail-option-unknown = „{ $option }“ ist keine Option.
mail-option-contradicts = „{ $option }“ widerspricht einer anderen Option.
mail-options = Es gibt: 2x (Exemplare), duplex, tumble, simplex, mono, color und Papiergrößen wie a4 oder letter.
mail-last = Von Ihnen kamen so viele E-Mails, dass die nächsten bis zu einer Stunde lang nicht beantwortet werden.
mail-foot = Das schickt ein Programm von { $site }, weil von Ihrer Adresse eine E-Mail kam. Antworten darauf liest niemand.
