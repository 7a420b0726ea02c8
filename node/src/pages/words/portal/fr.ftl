door-title = Votre page n'est pas ouverte ici
door-text = Elle s'ouvre avec un lien qui sert une fois. Dans un terminal de cet ordinateur, tapez :
door-hint = Recharger ferme la page, pour que personne ne la trouve ouverte.
used-title = Ce lien a déjà servi
used-text = Un lien ouvre une page, une fois, en deux minutes. S'il a servi deux fois, la page qu'il a ouverte est fermée aussi. Pour une autre page, tapez :
over-title = Cette page est fermée
over-text = Elle se ferme après une demi-heure sans usage, et quand le nœud s'arrête. Pour la rouvrir, tapez :
closed-title = La page est fermée
closed-text = Il n'en reste rien dans cette fenêtre. Pour la rouvrir, tapez :
unproven-title = Cette page est fermée
unproven-text = La preuve tapée était fausse trop souvent. Pour la rouvrir, tapez :
portal-away = Le nœud de cet ordinateur ne répond pas. La page reviendra avec lui.
portal-close = Fermer
admin = Administration
places = Rubriques
details = Détails
chip-urgent = Urgent
chip-damaged = Endommagé
chip-revoked = Révoqué
chip-blocked = Bloqué
size-bytes = { $amount } octets
size-kb = { $amount } ko
size-mb = { $amount } Mo

place-jobs = En attente
place-history = Historique
place-account = Mon compte
place-devices = Appareils
place-people = Utilisateurs
place-printers = Imprimantes
place-policy = Règles
place-audit = Journal
lead-jobs = Scellés sur cet ordinateur jusqu'à ce que vous les imprimiez. Les imprimantes les montrent dans cet ordre.
lead-history = Ce que vos travaux sont devenus ces 30 derniers jours.
lead-account = Votre code PIN, vos badges et vos ordinateurs.
lead-devices = Les ordinateurs et imprimantes du site, et ceux qui veulent le rejoindre.
lead-people = Qui peut imprimer.
lead-printers = Comment vont les imprimantes du site.
lead-policy = Ce que chacun montre à une imprimante, et combien de temps les travaux attendent.
lead-audit = Ce que cet ordinateur a noté ces 30 derniers jours, signé et chaîné.

jobs-nothing = Rien n'attend. Ce que vous imprimez reste ici jusqu'à ce que vous le retiriez à une imprimante.
job-up = Plus tôt
job-down = Plus tard
job-unlock = Donner son mot de passe
unlock-title = { $name } est verrouillé
unlock-text = Son auteur lui a donné un mot de passe. Il est gardé scellé avec le document et sert quand vous imprimez.
unlock-password = Mot de passe
unlock-go = Garder
unlock-wrong = Ce mot de passe ne l’ouvre pas.
unlock-missing = Tapez le mot de passe.
is-waiting = proposé aux imprimantes à partir de
is-printing = En impression sur { $printer }
is-printing-page = En impression sur { $printer }, page { $page }
is-stopped = { $printer } est arrêtée
was-printed = Imprimé et gardé sur { $printer }
was-maybe = Peut-être imprimé sur { $printer }
was-not = Non imprimé sur { $printer }
history-nothing = Rien encore. Quand un document est imprimé, son reçu est ici.
gone-printed = Imprimé sur { $printer }
gone-deleted = Supprimé sur cet ordinateur
gone-deleted-at = Supprimé sur { $printer }
gone-expired = Expiré sans être imprimé
receipt-number = Numéro
receipt-job = Travail
receipt-sent = Envoyé
receipt-printer = Imprimante
receipt-node = Signé par
receipt-pages = Pages

account-pin = Code PIN
account-pin-text = Vous le tapez à chaque imprimante. Seuls vos ordinateurs peuvent le vérifier.
account-pin-old = Code PIN actuel
account-pin-new = Nouveau code PIN, 4 caractères au moins
account-pin-again = Nouveau code PIN, encore une fois
account-pin-go = Changer le code PIN
account-pin-wait = Un instant…
account-linked-text = Vous êtes inscrit sur un autre ordinateur, et celui-ci y est lié. Changez-y votre code PIN.
account-shared-text = Sur un ordinateur partagé, vous choisissez un code PIN à chaque visite.
account-badges = Badges
account-badges-count = { $count ->
    [0] Aucun badge
    [one] 1 badge
   *[other] { $count } badges
}
account-badges-text = Votre administrateur enregistre les badges. Seule une forme brouillée du numéro est gardée ; il ne peut donc pas être montré.
account-computers = Ordinateurs
account-computers-text = Vos travaux peuvent attendre sur chacun d'eux.
account-this = Celui-ci
account-old-pin = A encore l'ancien code PIN
account-link = Lier un autre ordinateur
pin-missing = Remplissez les trois champs, s'il vous plaît.
pin-differs = Les nouveaux codes PIN diffèrent. Tapez-les encore une fois.
pin-wrong = Le code PIN actuel est faux. Rien n'a changé.
pin-odd = Un code PIN a de 4 à 128 caractères.

pending-title = Veulent rejoindre le site
pending-nothing = Aucun appareil ne demande. Un nouveau demande avec « papermesh join ».
pending-compare = Tapez les six chiffres que montre son écran.
pending-approve = L’admettre
pending-text = Lisez les six chiffres sur l’écran de l’appareil lui-même et tapez-les ici. Seul l’appareil qui les montre est admis.
pending-digits = Chiffres sur son écran
pending-go = L’admettre
digits-wrong = Aucun appareil en attente ne montre ces chiffres. Relisez-les sur son écran. S’il les montre bien, quelqu’un est entre les deux : n’admettez rien.
pending-refuse = Refuser
members-title = Membres
members-nothing = Il n'y a aucun membre.
member-this = cet ordinateur
member-here = connecté maintenant
member-seen = vu la dernière fois
member-never = jamais vu d'ici
member-revoked = certificat retiré
member-revoke = Révoquer
member-node = Nœud
member-until = Certificat jusqu'au
role-client = Ordinateur
role-shared-client = Ordinateur partagé
role-printer = Imprimante
role-bootstrap = Bootstrap
role-admin = Administration
invite = Inviter un appareil
invite-text = Vous recevez une ligne. Elle laisse entrer un appareil, une seule fois, sans comparer de chiffres.
invite-role = Ce sera
invite-name = Son nom
invite-name-hint = Sans nom, l'appareil en choisit un.
invite-good = Valable pendant
invite-go = Faire une invitation
invites-title = Invitations en cours
invite-withdraw = Reprendre

people-nothing = Il n'y a pas encore d'utilisateur.
people-add = Ajouter un utilisateur
people-add-text = Vous recevez un ticket à remettre. Avec lui, l'utilisateur s'inscrit et choisit un code PIN.
people-add-go = Faire un ticket
people-id = Identifiant
people-id-hint = Par exemple un nom de connexion ou une adresse de courriel.
people-name = Nom, s'il est différent
people-badge-number = Numéro du badge
people-badge-hint = Tel qu'un lecteur le lit ; peut manquer.
people-badge = Badge
people-ticket = Nouveau ticket
people-block = Bloquer
people-unblock = Débloquer
people-enrolled = Inscrit
people-not-enrolled = Pas encore inscrit
typed-user = Ce n'est pas un identifiant. Il a des lettres, chiffres, points et tirets.
typed-name = Ce n'est pas un nom.
typed-badge = Tapez le numéro du badge, s'il vous plaît.
badge-title = Un badge de { $user }
badge-text = Un badge désigne un utilisateur à chaque imprimante.
badge-give = Donner
badge-take = Reprendre

printers-nothing = Le site n'a pas encore d'imprimante. Une imprimante le rejoint avec « papermesh join --role printer ».
printer-asking = On demande…
printer-silent = Ne répond pas
printer-ready = Prête
printer-troubled = Prête, mais allez la voir
printer-stopped = N'accepte rien pour l'instant

policy-login = À une imprimante, chacun montre
login-badge-pin = Badge ou identifiant, et code PIN
login-badge-pin-text = Le badge dit qui vous êtes, le code PIN le prouve. Le choix habituel.
login-pin = Identifiant et code PIN
login-pin-text = Les badges ne sont pas acceptés.
login-badge = Le badge seul
login-badge-text = Personne ne prouve rien : un badge peut être copié, et chaque imprimante d'ici peut ouvrir et imprimer tous les travaux de tous ceux qui ont un badge.
policy-bind = Badges inconnus
policy-bind-off = Les administrateurs enregistrent les badges
policy-bind-off-text = Qui présente un badge inconnu est prié de s'adresser à eux. Le choix habituel.
policy-bind-on = Chacun enregistre son badge lui-même
policy-bind-on-text = Qui présente un badge que personne n'a, puis se connecte avec identifiant et code PIN, peut l'enregistrer à l'imprimante. Il faut que l'un de ses ordinateurs et celui d'un administrateur soient allumés.
policy-kept = Travaux non retirés
policy-kept-text = Ils sont supprimés si leur propriétaire n'a pas demandé un autre délai.
policy-kept-for = Gardés pendant
policy-go = Enregistrer
span-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] 1 heure
   *[other] { $count } heures
}
span-days = { $count ->
    [one] 1 jour
   *[other] { $count } jours
}
export = Exporter le site
export-text = Tout ce qu'a l'administration, dans un fichier scellé. Avec le fichier et sa phrase secrète, un autre ordinateur prend le relais, même si celui-ci est perdu.
export-hint = Si la clé du site a une phrase secrète, c'est celle-là.
export-again = La phrase encore une fois
export-go = Sceller
export-missing = Remplissez les deux champs.
export-differs = Les deux diffèrent. Tapez-les encore une fois.
export-wrong = La clé du site a une autre phrase secrète. Tapez celle-là.
export-unsealed = La clé du site n’a pas de phrase secrète, et une page ne la livre pas. Tapez « papermesh site export » dans un terminal.
export-ready = Le site est scellé
export-ready-text = Gardez le fichier loin de sa phrase secrète. Sur un autre ordinateur, « papermesh site import » le reprend.
export-save = Enregistrer le fichier
export-saved = Enregistré

audit-nothing = Rien n'a été noté.
audit-verify = Vérifier la chaîne
audit-number = Note
audit-peer = Autre nœud

sure-do = Oui
sure-delete = Supprimer ce travail ?
sure-delete-text = { $name } est supprimé pour de bon. Personne ne pourra plus l'imprimer.
sure-delete-yes = Supprimer
sure-revoke = Révoquer { $name } ?
sure-revoke-text = Plus aucun membre ne lui parle. Les travaux qu'il garde ne peuvent plus être imprimés, et il ne revient qu'avec une nouvelle invitation. Les membres absents l'apprennent à leur retour.
sure-revoke-yes = Révoquer
sure-block = Bloquer { $name } ?
sure-block-text = Les imprimantes ne laissent plus entrer cet utilisateur. Les travaux en attente restent scellés jusqu'à leur expiration. Vous pourrez le débloquer.
passphrase-title = Votre phrase secrète, s'il vous plaît
passphrase-text = Elle prouve que c’est vous qui avez ouvert cette page. La clé reste ensuite ouverte jusqu’à l’arrêt du nœud.
passphrase = Phrase secrète
passphrase-wrong = Cette phrase ne l'ouvre pas.
passphrase-go = Ouvrir la clé
code-title = Est-ce bien vous ?
code-text = Le terminal où vous avez tapé « papermesh open » montre six chiffres. Ils prouvent que c’est vous qui avez ouvert cette page.
code = Chiffres du terminal
code-wrong = Ce ne sont pas les bons chiffres.
code-go = Continuer

ticket-enroll = Un ticket pour { $user }
ticket-enroll-text = Remettez-le. Sur son propre ordinateur, l'utilisateur tape « papermesh user enroll » et cette ligne.
ticket-again = Cet utilisateur était déjà inscrit. Qui utilise le ticket remplace clé et code PIN, et les ordinateurs liés doivent l'être à nouveau.
ticket-link = Lier un autre ordinateur
ticket-link-text = Sur l'autre ordinateur, tapez « papermesh user link » et cette ligne.
ticket-join = Invitation : { $device }
ticket-join-text = Sur l'appareil, tapez « papermesh join - » et cette ligne. Le premier qui l'a peut entrer.
invite-line = Invitation
invite-code = L'invitation en code QR
ticket-line = Ticket
ticket-code = Le ticket en code QR
ticket-copy = Copier
ticket-copied = Copié
ticket-until = Valable jusqu'au
invite-used = Utilisée par

said-deleted = { $name } est supprimé.
said-protected = { $name } est protégé : il ne cède pas sa place.
said-unprotected = { $name } n'est plus protégé.
said-moved = { $name } a été déplacé.
said-unlocked = { $name } peut être imprimé.
said-pin = Votre code PIN est changé. L'ancien ne vaut plus.
said-pin-outdated = Votre code PIN est changé. Pas joints, et avec l'ancien jusque-là : { $name }
said-approved = { $name } est membre maintenant.
said-refused = L'appareil a été renvoyé.
said-withdrawn = L'invitation est reprise. Elle ne laisse plus entrer personne.
said-revoked = { $name } n'est plus membre.
said-enabled = { $name } peut imprimer à nouveau.
said-disabled = { $name } ne peut plus imprimer.
said-badge = { $name } a le badge maintenant.
said-badge-former = { $name } a le badge maintenant. Jusqu'ici il était à { $former }.
said-badge-taken = Le badge a été repris à { $name }.
said-policy = Les règles sont changées, et se répandent avec chaque connexion.
said-verified = { $count ->
    [one] La chaîne est intacte : une note. Son empreinte :
   *[other] La chaîne est intacte : { $count } notes. Empreinte de la dernière :
}
failed = Cela n'a pas marché :
failed-gone = Cela n'est plus ici.
failed-busy = C'est impossible pour l'instant.
failed-away = L'autre appareil ne répond pas.
failed-data = Quelque chose n'est pas comme il faut :
