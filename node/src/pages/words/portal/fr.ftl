door-title = Votre page n'est pas ouverte ici
door-text = Elle s’ouvre avec un lien à usage unique. Dans un terminal de cet ordinateur, tapez :
door-hint = Recharger ferme la page, pour que personne ne la trouve ouverte.
used-title = Ce lien a déjà servi
used-text = Un lien ouvre une page, une seule fois, dans les deux minutes. S’il a servi deux fois, la page qu’il a ouverte est fermée aussi. Pour ouvrir une autre page, tapez :
over-title = Cette page est fermée
over-text = Elle se ferme après une demi-heure d’inactivité et quand le nœud s’arrête. Pour la rouvrir, tapez :
closed-title = La page est fermée
closed-text = Il n'en reste rien dans cette fenêtre. Pour la rouvrir, tapez :
unproven-title = Cette page est fermée
unproven-text = Trop de tentatives erronées pour confirmer que c’est bien vous. Pour la rouvrir, tapez :
portal-away = Le nœud de cet ordinateur ne répond pas. La page se rétablira dès qu’il répondra.
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
lead-history = Ce que sont devenus vos travaux ces 30 derniers jours.
lead-account = Votre code PIN, vos badges et vos ordinateurs.
lead-devices = Les ordinateurs et imprimantes du site, et les appareils qui attendent de le rejoindre.
lead-people = Qui peut imprimer.
lead-printers = L’état actuel des imprimantes du site.
lead-policy = Comment les utilisateurs s’identifient aux imprimantes, et combien de temps les travaux sont conservés.
lead-audit = Le journal de cet ordinateur sur les 30 derniers jours, signé et chaîné.

jobs-nothing = Aucun travail en attente. Ce que vous imprimez reste ici jusqu’à ce que vous le libériez à une imprimante.
job-up = Plus tôt
job-down = Plus tard
job-unlock = Saisir le mot de passe
unlock-title = { $name } est verrouillé
unlock-text = Son auteur a défini un mot de passe. Il est conservé scellé avec le travail et sert à l’impression.
unlock-password = Mot de passe
unlock-go = Enregistrer
unlock-wrong = Ce mot de passe ne l’ouvre pas.
unlock-missing = Saisissez le mot de passe.
is-waiting = visible aux imprimantes à partir de
is-printing = En impression sur { $printer }
is-printing-page = En impression sur { $printer }, page { $page }
is-stopped = { $printer } s’est arrêtée
was-printed = Imprimé et gardé sur { $printer }
was-maybe = Peut-être imprimé sur { $printer }
was-not = Non imprimé sur { $printer }
history-nothing = Rien encore. Quand un document aura été imprimé, son reçu apparaîtra ici.
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
account-pin-text = Vous le saisissez à chaque imprimante. Seuls vos ordinateurs peuvent le vérifier.
account-pin-old = Code PIN actuel
account-pin-new = Nouveau code PIN, 4 caractères au moins
account-pin-again = Répétez le nouveau code PIN
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
account-badges-text = Votre administrateur enregistre les badges. Les numéros ne sont conservés que sous forme brouillée et ne peuvent donc pas être affichés.
account-computers = Ordinateurs
account-computers-text = Vos travaux peuvent attendre sur chacun d'eux.
account-this = Celui-ci
account-old-pin = A encore l'ancien code PIN
account-link = Lier un autre ordinateur
pin-missing = Remplissez les trois champs, s'il vous plaît.
pin-differs = Les nouveaux codes PIN ne correspondent pas. Saisissez-les à nouveau.
pin-wrong = Le code PIN actuel est faux. Rien n’a été modifié.
pin-odd = Un code PIN a de 4 à 128 caractères.

pending-title = En attente d’adhésion
pending-nothing = Aucun appareil en attente. Un nouvel appareil fait sa demande avec « papermesh join ».
pending-compare = Saisissez les six chiffres affichés sur son écran.
pending-approve = Admettre
pending-text = Lisez les six chiffres sur l’écran de l’appareil lui-même et saisissez-les ici. Seul l’appareil qui les affiche est admis.
pending-digits = Chiffres sur son écran
pending-go = Admettre
digits-wrong = Aucun appareil en attente n’affiche ces chiffres. Relisez-les sur son écran. S’il les affiche bien, quelqu’un intercepte l’échange : n’admettez rien.
pending-refuse = Refuser
members-title = Membres
members-nothing = Il n'y a aucun membre.
member-this = cet ordinateur
member-here = connecté maintenant
member-seen = vu la dernière fois
member-never = jamais vu d'ici
member-revoked = certificat révoqué
member-revoke = Révoquer
member-node = Nœud
member-until = Certificat jusqu'au
role-client = Ordinateur
role-shared-client = Ordinateur partagé
role-printer = Imprimante
role-bootstrap = Bootstrap
role-admin = Administration
invite = Inviter un appareil
invite-text = Vous recevez une ligne. Elle admet un appareil, une seule fois, sans comparer de chiffres.
invite-role = Rôle
invite-name = Nom (facultatif)
invite-name-hint = Si le champ est vide, l’appareil en choisit un.
invite-good = Valable pendant
invite-go = Créer une invitation
invites-title = Invitations en cours
invite-withdraw = Retirer

people-nothing = Il n'y a pas encore d'utilisateur.
people-add = Ajouter un utilisateur
people-add-text = Vous recevez un ticket à remettre. Avec lui, l'utilisateur s'inscrit et choisit un code PIN.
people-add-go = Créer un ticket
people-id = Identifiant
people-id-hint = Par exemple un nom de connexion ou une adresse e-mail.
people-name = Nom affiché (facultatif)
people-badge-number = Numéro du badge
people-badge-hint = Tel qu’un lecteur le lit ; facultatif.
people-badge = Badge
people-ticket = Nouveau ticket
people-block = Bloquer
people-unblock = Débloquer
people-enrolled = Inscrit
people-not-enrolled = Pas encore inscrit
typed-user = Ce n’est pas un identifiant. Un identifiant se compose de lettres, chiffres, points et tirets.
typed-name = Ce n’est pas un nom valide.
typed-badge = Saisissez le numéro du badge.
badge-title = Badge de { $user }
badge-text = Un badge identifie son utilisateur à chaque imprimante.
badge-give = Attribuer
badge-take = Retirer

printers-nothing = Le site n'a pas encore d'imprimante. Une imprimante le rejoint avec « papermesh join --role printer ».
printer-asking = Interrogation…
printer-silent = Ne répond pas
printer-ready = Prête
printer-troubled = Prête, avec des avertissements
printer-stopped = N’accepte pas de travaux

policy-login = Connexion aux imprimantes avec
login-badge-pin = Badge ou identifiant, et code PIN
login-badge-pin-text = Le badge dit qui vous êtes, le code PIN le prouve. Le choix habituel.
login-pin = Identifiant et code PIN
login-pin-text = Les badges ne sont pas acceptés.
login-badge = Le badge seul
login-badge-text = Personne ne prouve son identité : un badge peut être copié, et chaque imprimante d’ici peut ouvrir et imprimer tous les travaux de tous ceux qui ont un badge.
policy-bind = Badges inconnus
policy-bind-off = Les administrateurs enregistrent les badges
policy-bind-off-text = Les utilisateurs qui présentent un badge inconnu sont invités à contacter un administrateur. Le choix habituel.
policy-bind-on = Chacun enregistre son badge lui-même
policy-bind-on-text = Les utilisateurs qui présentent un badge non enregistré, puis se connectent avec identifiant et code PIN, peuvent l’enregistrer à l’imprimante. L’un de leurs ordinateurs et celui d’un administrateur doivent être allumés.
policy-kept = Travaux non retirés
policy-kept-text = Ils sont supprimés après ce délai, sauf si leur propriétaire en a choisi un autre.
policy-kept-for = Conservés pendant
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
export-text = Tout ce qu’a un administrateur, dans un fichier scellé. Avec le fichier et sa phrase secrète, un autre ordinateur peut devenir administrateur, même si celui-ci est perdu.
export-hint = Si la clé du site a une phrase secrète, utilisez celle-là.
export-again = Répétez la phrase secrète
export-go = Sceller
export-missing = Remplissez les deux champs.
export-differs = Les phrases secrètes ne correspondent pas. Saisissez-les à nouveau.
export-wrong = La clé du site a une autre phrase secrète. Saisissez celle-là.
export-unsealed = La clé du site n’a pas de phrase secrète ; une page ne peut donc pas l’exporter. Tapez « papermesh site export » dans un terminal.
export-ready = L’export est scellé
export-ready-text = Conservez le fichier et sa phrase secrète séparément. Sur un autre ordinateur, importez-le avec « papermesh site import ».
export-save = Enregistrer le fichier
export-saved = Enregistré

audit-nothing = Aucun enregistrement.
audit-verify = Vérifier la chaîne
audit-number = Enregistrement
audit-peer = Autre nœud

sure-do = Oui
sure-delete = Supprimer ce travail ?
sure-delete-text = { $name } sera supprimé définitivement. Personne ne pourra plus l’imprimer.
sure-delete-yes = Supprimer
sure-revoke = Révoquer { $name } ?
sure-revoke-text = Les membres ne l’accepteront plus. Les travaux qu’il garde ne pourront pas être imprimés, et il ne pourra revenir qu’avec une nouvelle invitation. Les membres hors ligne l’apprendront à leur reconnexion.
sure-revoke-yes = Révoquer
sure-block = Bloquer { $name } ?
sure-block-text = Cet utilisateur ne pourra plus se connecter aux imprimantes. Les travaux en attente restent scellés jusqu’à leur expiration. Vous pourrez le débloquer plus tard.
passphrase-title = Saisissez votre phrase secrète
passphrase-text = Elle confirme que vous avez ouvert cette page. La clé reste ensuite déverrouillée jusqu’à l’arrêt du nœud.
passphrase = Phrase secrète
passphrase-wrong = Cette phrase secrète ne l’ouvre pas.
passphrase-go = Déverrouiller la clé
code-title = Confirmez que c’est vous
code-text = Le terminal où vous avez tapé « papermesh open » affiche six chiffres. Ils confirment que vous avez ouvert cette page.
code = Chiffres du terminal
code-wrong = Ces chiffres sont faux.
code-go = Continuer

ticket-enroll = Ticket pour { $user }
ticket-enroll-text = Remettez-le. Sur son propre ordinateur, l’utilisateur tape « papermesh user enroll » suivi de cette ligne.
ticket-again = Cet utilisateur est déjà inscrit. Utiliser le ticket remplace la clé et le code PIN, et les ordinateurs liés devront être liés à nouveau.
ticket-link = Lier un autre ordinateur
ticket-link-text = Sur l’autre ordinateur, tapez « papermesh user link » suivi de cette ligne.
ticket-join = Invitation : { $device }
ticket-join-text = Sur l’appareil, tapez « papermesh join - », puis cette ligne. Le premier appareil qui l’utilise est admis.
invite-line = Invitation
invite-code = L'invitation en code QR
ticket-line = Ticket
ticket-code = Le ticket en code QR
ticket-copy = Copier
ticket-copied = Copié
ticket-until = Valable jusqu'au
invite-used = Utilisée par

said-deleted = { $name } a été supprimé.
said-protected = { $name } est protégé de la suppression automatique en cas de manque de place.
said-unprotected = { $name } n'est plus protégé.
said-moved = { $name } a été déplacé.
said-unlocked = { $name } peut maintenant être imprimé.
said-pin = Code PIN modifié. L’ancien n’est plus valable.
said-pin-outdated = Code PIN modifié. Ces ordinateurs ont encore l’ancien et recevront le nouveau dès qu’ils seront joignables : { $name }
said-approved = { $name } est maintenant membre.
said-refused = L’appareil a été refusé.
said-withdrawn = L’invitation a été retirée. Elle n’admet plus personne.
said-revoked = { $name } a été révoqué.
said-enabled = { $name } peut imprimer à nouveau.
said-disabled = { $name } ne peut plus imprimer.
said-badge = { $name } a maintenant le badge.
said-badge-former = { $name } a maintenant le badge. Il appartenait à { $former }.
said-badge-taken = Le badge a été retiré à { $name }.
said-policy = Les règles ont été modifiées et se propagent au fil des connexions.
said-verified = { $count ->
    [one] La chaîne est intacte : un enregistrement. Son empreinte :
   *[other] La chaîne est intacte : { $count } enregistrements. Empreinte du dernier :
}
failed = Cela n’a pas fonctionné :
failed-gone = Ce n’est plus ici.
failed-busy = C’est impossible pour l’instant.
failed-away = L'autre appareil ne répond pas.
failed-data = Données non valides :

outside-title = Imprimer d’ici
outside-lead = Ce que vous envoyez est chiffré et attend au bureau. L’impression ne se fait que lorsque son propriétaire est devant une imprimante.
outside-print = Envoyer des fichiers
outside-copies = Exemplaires
outside-sides = Faces
outside-color = Couleur
outside-any = Comme dans le fichier
outside-files = Fichiers
outside-formats = PDF, images (JPEG, PNG) ou texte brut
outside-go = Envoyer
outside-held = { $count ->
    [one] Un fichier est en attente.
   *[other] { $count } fichiers sont en attente.
}
outside-not-held = Ceci n’a pas été accepté.
outside-jobs = Envoyé d’ici
outside-no-jobs = Rien n’a encore été envoyé d’ici.
outside-waits = En attente
outside-incoming = En cours d’arrivée
outside-deleted = Supprimé
outside-printers = Imprimantes
outside-search = Nom, lieu ou capacités
outside-find = Rechercher
outside-none = Aucune imprimante ne correspond.
outside-not-ready = Demande une intervention
outside-add = Imprimer depuis tous les programmes
outside-add-text = Ajoutez cette imprimante à votre système. Qui possède ces adresses imprime ici : gardez-les pour vous.
outside-apple = Profil pour iPhone, iPad et Mac
outside-address = Adresse pour Android, ChromeOS et autres
outside-windows = Windows, dans PowerShell
outside-cups = Linux, dans un terminal

place-elsewhere = Ailleurs
place-internet = Internet
lead-elsewhere = Ce qui imprime pour vous hors du site : votre téléphone à la maison, l’ordinateur d’un invité. C’est retenu ici et ne sort que pour vous.
lead-internet = Les passerelles permettent d’imprimer de l’extérieur sans ouvrir le pare-feu. Elles transmettent ce qui est chiffré et ne peuvent pas le lire.
share = Imprimer d’ailleurs
share-text = Vous recevez une adresse avec un code. Qui la possède imprime pour vous ; personne d’autre ne la voit.
share-name = Pour quoi ou pour qui ?
share-name-hint = Par exemple « iPad » ou « Dana, auditrice »
share-who = Combien peut-on imprimer ?
share-mine = Autant qu’il me faut, pendant un an
share-guest = Trois travaux, en un jour
share-go = Obtenir l’adresse
share-nowhere = Personne ne peut encore imprimer ici de l’extérieur : cet ordinateur n’ouvre aucune place sur une passerelle.
share-line = Adresse
share-code = L’adresse sous forme de code pour appareils photo
ticket-print = Imprime pour vous : { $name }
ticket-print-text = Ouvrez cette adresse là-bas dans un navigateur, ou visez le code avec un appareil photo. La page accepte des fichiers et ajoute l’imprimante aux téléphones, tablettes et ordinateurs. Elle n’est plus affichée ensuite.
tokens-nothing = Rien n’imprime pour vous de l’extérieur.
token-jobs = { $count ->
    [one] Un travail
   *[other] { $count } travaux
}
token-jobs-of = { $count } travaux sur { $most }
gateway-add = Ajouter une passerelle
gateway-add-text = Son fournisseur a besoin de l’identifiant du site et vous donne une ligne. Tous les ordinateurs du site la connaissent ensuite.
gateway-line = Ligne
gateway-add-go = Ajouter
gateway-missing = Veuillez saisir la ligne du fournisseur.
gateway-odd = Ce n’est pas la ligne d’une passerelle.
gateway-remove = Retirer
gateways-nothing = Le site n’a pas de passerelle. Personne n’imprime de l’extérieur.
gateway-idle = Cet ordinateur n’y ouvre aucune place
gateway-dialing = Connexion en cours
gateway-asleep = Se connecte sur appel
gateway-down = Non connectée
gateway-knocks = { $count ->
    [one] Une connexion de l’extérieur
   *[other] { $count } connexions de l’extérieur
}
gateway-up-since = Connectée depuis
place-certified = Certificat jusqu’au
place-refused = Certificat refusé jusqu’au
place-read = La passerelle peut lire ce qui est imprimé sous ce nom
place-seen = Vu de l’extérieur, dit { $by } :
mismatch-key = { $name } a montré à { $by } une autre clé que celle que dit { $doors }
mismatch-key-text = Le réseau d’où cela a été vu inspecte peut-être les connexions chiffrées, ou quelqu’un d’autre répond à la place de cet ordinateur. Regardez depuis un autre réseau. Si c’est pareil, n’imprimez rien par cette passerelle et retirez-la ; sinon, classez cet avis.
mismatch-claimed = Plusieurs ordinateurs revendiquent { $name } : { $doors }
mismatch-claimed-text = L’un d’eux dit sienne une place qu’il n’a pas ouverte. Regardez sur chacun qui l’a ouverte, et révoquez celui qui a été modifié.
mismatch-no-tls = { $name } de { $doors } ne répond pas à { $by } par TLS
mismatch-no-tls-text = Un filtre du réseau d’où cela a été vu coupe peut-être la connexion, ou la passerelle ne montre pas la place à tous. Regardez depuis un autre réseau ; si c’est pareil, demandez au fournisseur de la passerelle.
mismatch-closed = { $name } est fermé pour { $by }, et { $doors } l’a ouvert
mismatch-closed-text = La passerelle ne montre pas la place à tous. Regardez depuis un autre réseau ; si c’est pareil, demandez au fournisseur de la passerelle.
mismatch-last = Vu pour la dernière fois
mismatch-seen = Vu : clé { $key }, certificat de { $issuer }
mismatch-says = { $door } dit : clé { $key }
mismatch-dismiss = Classer
places-title = Places de cet ordinateur
place-of-site = Place du site
place-asked = Pas encore ouverte
place-asleep = Appelée par e-mail
place-close = Fermer
place-new = Nouvelle place
place-new-text = Un nom sous lequel cet ordinateur est trouvé de l’extérieur ; ce qui y est imprimé est retenu ici.
place-open = Ouvrir
sure-gateway = Retirer { $name } ?
sure-gateway-text = Plus personne n’imprime par elle.
said-gateway = { $name } est ajoutée.
said-gateway-removed = { $name } est retirée.
said-place = La place est en cours d’ouverture.
said-place-closed = La place est fermée.
said-dismissed = Ce qui a été vu à { $name } est classé.
said-token = { $name } n’imprime plus.

mail-title = Par courriel
mail-new = Une autre de vos adresses
mail-new-text = Ce que vous envoyez à { $address } depuis une de vos adresses est retenu ici pour vous.
mail-clear = En chemin, cela reste sur le serveur de messagerie, non chiffré, jusqu’à ce qu’on l’y prenne.
mail-add = Inscrire une adresse
mail-add-text = Vous y recevez un courriel avec un code, qui montre que vous le lisez.
mail-address = Adresse de courriel
mail-language = Langue des réponses
mail-add-go = Envoyer le code
mail-code-title = Saisir le code
mail-code-ask = Un code a été envoyé à { $address }. Il est valable un quart d’heure.
mail-code = Code
mail-code-go = Inscrire
mail-code-wrong = Ce n’est pas le code. Regardez dans le courriel le plus récent.
mail-remove = Retirer
mail-since = Inscrite
typed-mail = Ce n’est pas une adresse de courriel.
said-address = Ce que vous envoyez depuis { $name } est retenu pour vous.
said-address-removed = Ce qui vient de { $name } n’est plus retenu.
mail-code-subject = Confirmez votre adresse de courriel
mail-code-text =
    Votre code : { $code }

    Il est valable { $minutes } minutes. Pour qui le saisit, ce qui vient de cette adresse est retenu afin d’être imprimé.
mail-code-foot = Un programme de { $site } envoie ceci. Si vous n’avez rien demandé, il n’y a rien à faire.
mail-subject = Votre courriel
mail-text = Texte du courriel
mail-untitled = Sans titre
mail-held = Retenu pour vous :
mail-before = Pas retenu une seconde fois, car le même document est déjà venu :
mail-not-held = Pas retenu :
mail-where = Libérez-le à n’importe quelle imprimante de { $site } jusqu’au { $until }.
mail-nothing = Rien n’a été retenu.
mail-empty = Il ne contient rien qui puisse être imprimé. Joignez vos documents en PDF, JPEG, PNG ou texte brut.
mail-html = Son texte est mis en forme et ne peut être imprimé. Envoyez-le en texte brut ou joignez-le en PDF.
mail-why-picture = une image dans le texte du courriel n’est pas un document
mail-why-mail = un courriel dans le courriel n’est pas imprimé ; joignez plutôt ses documents
mail-why-damaged = il est arrivé endommagé ; envoyez-le de nouveau
mail-too-many = Il a plus de { $most } pièces jointes. Envoyez plusieurs courriels.
mail-too-large = Il est trop volumineux : toutes les pièces jointes ensemble peuvent avoir { $most } Mio. Envoyez plusieurs courriels.
mail-unreadable = Le courriel n’a pas pu être lu.
mail-often = Trop de courriels sont venus de vous aujourd’hui.
mail-option-unknown = « { $option } » n’est pas une option.
mail-option-contradicts = « { $option } » contredit une autre option.
mail-options = Il y a : 2x (copies), duplex, tumble, simplex, mono, color et des formats de papier comme a4 ou letter.
mail-last = Tant de courriels sont venus de vous que les suivants restent sans réponse, pendant une heure au plus.
mail-foot = Un programme de { $site } envoie ceci parce qu’un courriel est venu de votre adresse. Personne ne lit les réponses.
