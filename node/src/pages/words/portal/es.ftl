door-title = Su página no está abierta aquí
door-text = Se abre con un enlace de un solo uso. En un terminal de este ordenador, escriba:
door-hint = Recargar cierra la página, para que nadie la encuentre abierta.
used-title = Este enlace ya se usó
used-text = Un enlace abre una página, una sola vez, en dos minutos. Si se usó dos veces, la página que abrió también está cerrada. Para abrir otra página, escriba:
over-title = Esta página está cerrada
over-text = Se cierra tras media hora sin uso y cuando el nodo se detiene. Para abrirla de nuevo, escriba:
closed-title = La página está cerrada
closed-text = No queda nada de ella en esta ventana. Para abrirla de nuevo, escriba:
unproven-title = Esta página está cerrada
unproven-text = Hubo demasiados intentos fallidos de confirmar que es usted. Para abrirla de nuevo, escriba:
portal-away = El nodo de este ordenador no responde. La página volverá cuando responda.
portal-close = Cerrar
admin = Administración
places = Secciones
details = Detalles
chip-urgent = Urgente
chip-damaged = Dañado
chip-revoked = Revocado
chip-blocked = Bloqueado
size-bytes = { $amount } bytes
size-kb = { $amount } kB
size-mb = { $amount } MB

place-jobs = En espera
place-history = Historial
place-account = Mi cuenta
place-devices = Equipos
place-people = Usuarios
place-printers = Impresoras
place-policy = Reglas
place-audit = Registro
lead-jobs = Sellados en este ordenador hasta que los imprima. Las impresoras los muestran en este orden.
lead-history = Qué pasó con sus trabajos en los últimos 30 días.
lead-account = Su PIN, sus tarjetas y sus ordenadores.
lead-devices = Los ordenadores e impresoras del sitio, y los equipos que esperan unirse.
lead-people = Quién puede imprimir.
lead-printers = El estado actual de las impresoras del sitio.
lead-policy = Cómo se identifican los usuarios en las impresoras y cuánto se conservan los trabajos.
lead-audit = El registro de este ordenador de los últimos 30 días, firmado y encadenado.

jobs-nothing = No hay trabajos en espera. Lo que imprima queda aquí hasta que lo libere en una impresora.
job-up = Antes
job-down = Después
job-unlock = Introducir contraseña
unlock-title = { $name } está bloqueado
unlock-text = Su autor le puso una contraseña. Se guarda sellada con el trabajo y se usa al imprimir.
unlock-password = Contraseña
unlock-go = Guardar
unlock-wrong = Esta contraseña no lo abre.
unlock-missing = Introduzca la contraseña.
is-waiting = visible en las impresoras desde
is-printing = Imprimiéndose en { $printer }
is-printing-page = Imprimiéndose en { $printer }, página { $page }
is-stopped = { $printer } se ha detenido
was-printed = Impreso y conservado en { $printer }
was-maybe = Quizá impreso en { $printer }
was-not = No impreso en { $printer }
history-nothing = Nada todavía. Cuando se imprima algo, su recibo aparecerá aquí.
gone-printed = Impreso en { $printer }
gone-deleted = Borrado en este ordenador
gone-deleted-at = Borrado en { $printer }
gone-expired = Caducó sin imprimirse
receipt-number = Número
receipt-job = Trabajo
receipt-sent = Enviado
receipt-printer = Impresora
receipt-node = Firmado por
receipt-pages = Páginas

account-pin = PIN
account-pin-text = Lo introduce en cada impresora. Solo sus ordenadores pueden comprobarlo.
account-pin-old = PIN actual
account-pin-new = PIN nuevo, al menos 4 caracteres
account-pin-again = Repita el PIN nuevo
account-pin-go = Cambiar el PIN
account-pin-wait = Un momento…
account-linked-text = Se inscribió en otro ordenador, y este está vinculado a él. Cambie su PIN allí.
account-shared-text = En un ordenador compartido elige un PIN en cada visita.
account-badges = Tarjetas
account-badges-count = { $count ->
    [0] Ninguna tarjeta
    [one] 1 tarjeta
   *[other] { $count } tarjetas
}
account-badges-text = Su administrador registra las tarjetas. Los números solo se guardan cifrados, así que no se pueden mostrar.
account-computers = Ordenadores
account-computers-text = Sus trabajos pueden esperar en cada uno.
account-this = Este
account-old-pin = Aún tiene el PIN antiguo
account-link = Vincular otro ordenador
pin-missing = Rellene los tres campos.
pin-differs = Los PIN nuevos no coinciden. Introdúzcalos otra vez.
pin-wrong = El PIN actual es incorrecto. No se cambió nada.
pin-odd = Un PIN tiene de 4 a 128 caracteres.

pending-title = Esperan unirse
pending-nothing = No hay equipos en espera. Un equipo nuevo lo solicita con «papermesh join».
pending-compare = Introduzca las seis cifras que muestra su pantalla.
pending-approve = Admitir
pending-text = Lea las seis cifras en la pantalla del propio equipo e introdúzcalas aquí. Solo se admite el equipo que las muestra.
pending-digits = Cifras en su pantalla
pending-go = Admitir
digits-wrong = Ningún equipo en espera muestra estas cifras. Léalas otra vez en su pantalla. Si de verdad las muestra, alguien está interceptando: no admita nada.
pending-refuse = Rechazar
members-title = Miembros
members-nothing = No hay miembros.
member-this = este ordenador
member-here = conectado ahora
member-seen = visto por última vez
member-never = nunca visto desde aquí
member-revoked = certificado revocado
member-revoke = Revocar
member-node = Nodo
member-until = Certificado hasta
role-client = Ordenador
role-shared-client = Ordenador compartido
role-printer = Impresora
role-bootstrap = Bootstrap
role-admin = Administración
invite = Invitar a un equipo
invite-text = Recibe una línea. Admite un equipo, una sola vez, sin comparar cifras.
invite-role = Función
invite-name = Nombre (opcional)
invite-name-hint = Si se deja vacío, el equipo elige uno.
invite-good = Válida durante
invite-go = Crear invitación
invites-title = Invitaciones abiertas
invite-withdraw = Retirar

people-nothing = Aún no hay usuarios.
people-add = Añadir un usuario
people-add-text = Recibe un tique para entregar. Con él, el usuario se inscribe y elige un PIN.
people-add-go = Crear tique
people-id = ID de usuario
people-id-hint = Por ejemplo, un nombre de inicio de sesión o una dirección de correo.
people-name = Nombre visible (opcional)
people-badge-number = Número de la tarjeta
people-badge-hint = Como lo lee un lector; opcional.
people-badge = Tarjeta
people-ticket = Nuevo tique
people-block = Bloquear
people-unblock = Desbloquear
people-enrolled = Inscrito
people-not-enrolled = Aún no inscrito
typed-user = Eso no es un ID de usuario. Se compone de letras, cifras, puntos y guiones.
typed-name = Eso no es un nombre válido.
typed-badge = Introduzca el número de la tarjeta.
badge-title = Tarjeta de { $user }
badge-text = Una tarjeta identifica a su usuario en cada impresora.
badge-give = Asignar
badge-take = Quitar

printers-nothing = El sitio aún no tiene impresora. Una impresora se une con «papermesh join --role printer».
printer-asking = Consultando…
printer-silent = No responde
printer-ready = Lista
printer-troubled = Lista, con avisos
printer-stopped = No acepta trabajos

policy-login = Inicio de sesión en impresoras con
login-badge-pin = Tarjeta o ID, y PIN
login-badge-pin-text = La tarjeta dice quién es, el PIN lo prueba. Lo habitual.
login-pin = ID y PIN
login-pin-text = No se aceptan tarjetas.
login-badge = Solo la tarjeta
login-badge-text = Nadie demuestra quién es: una tarjeta se puede clonar, y cualquier impresora de aquí puede abrir e imprimir todos los trabajos de quien tenga tarjeta.
policy-bind = Tarjetas desconocidas
policy-bind-off = Los administradores registran las tarjetas
policy-bind-off-text = A quien acerca una tarjeta desconocida se le pide que consulte a un administrador. Lo habitual.
policy-bind-on = Cada uno registra su tarjeta
policy-bind-on-text = Quien acerca una tarjeta no registrada y luego inicia sesión con usuario y PIN puede registrarla en la impresora. Uno de sus ordenadores y el de un administrador deben estar encendidos.
policy-kept = Trabajos sin recoger
policy-kept-text = Se borran tras este plazo, salvo que su dueño haya elegido otro.
policy-kept-for = Se conservan durante
policy-go = Guardar
span-minutes = { $count ->
    [one] 1 minuto
   *[other] { $count } minutos
}
span-hours = { $count ->
    [one] 1 hora
   *[other] { $count } horas
}
span-days = { $count ->
    [one] 1 día
   *[other] { $count } días
}
export = Exportar el sitio
export-text = Todo lo que tiene un administrador, en un archivo sellado. Con el archivo y su frase de contraseña, otro ordenador puede ser administrador, aunque este se pierda.
export-hint = Si la clave del sitio tiene una frase de contraseña, use esa.
export-again = Repita la frase de contraseña
export-go = Sellar
export-missing = Rellene los dos campos.
export-differs = Las frases de contraseña no coinciden. Introdúzcalas otra vez.
export-wrong = La clave del sitio tiene otra frase de contraseña. Introduzca esa.
export-unsealed = La clave del sitio no tiene frase de contraseña, así que una página no puede exportarla. Escriba «papermesh site export» en un terminal.
export-ready = La exportación está sellada
export-ready-text = Guarde el archivo y su frase de contraseña por separado. En otro ordenador, impórtelo con «papermesh site import».
export-save = Guardar el archivo
export-saved = Guardado

audit-nothing = No hay registros.
audit-verify = Comprobar la cadena
audit-number = Registro
audit-peer = Otro nodo

sure-do = Sí
sure-delete = ¿Borrar este trabajo?
sure-delete-text = { $name } se borrará definitivamente. Nadie podrá imprimirlo.
sure-delete-yes = Borrar
sure-revoke = ¿Revocar { $name }?
sure-revoke-text = Los miembros dejarán de aceptarlo. Los trabajos que guarda no podrán imprimirse, y solo podrá volver con una invitación nueva. Los miembros sin conexión lo sabrán cuando se reconecten.
sure-revoke-yes = Revocar
sure-block = ¿Bloquear a { $name }?
sure-block-text = Este usuario ya no podrá iniciar sesión en las impresoras. Los trabajos en espera quedan sellados hasta que caduquen. Podrá desbloquearlo más tarde.
passphrase-title = Introduzca su frase de contraseña
passphrase-text = Confirma que usted abrió esta página. La clave queda desbloqueada hasta que el nodo se detenga.
passphrase = Frase de contraseña
passphrase-wrong = Esta frase de contraseña no la abre.
passphrase-go = Desbloquear la clave
code-title = Confirme que es usted
code-text = El terminal en el que escribió «papermesh open» muestra seis cifras. Confirman que usted abrió esta página.
code = Cifras del terminal
code-wrong = Estas cifras son incorrectas.
code-go = Continuar

ticket-enroll = Tique para { $user }
ticket-enroll-text = Entréguelo. En su propio ordenador, el usuario escribe «papermesh user enroll» seguido de esta línea.
ticket-again = Este usuario ya está inscrito. Usar el tique sustituye la clave y el PIN, y los ordenadores vinculados deben vincularse de nuevo.
ticket-link = Vincular otro ordenador
ticket-link-text = En el otro ordenador, escriba «papermesh user link» seguido de esta línea.
ticket-join = Invitación: { $device }
ticket-join-text = En el equipo, escriba «papermesh join -» y luego esta línea. Se admite el primer equipo que la use.
invite-line = Invitación
invite-code = La invitación como código QR
ticket-line = Tique
ticket-code = El tique como código QR
ticket-copy = Copiar
ticket-copied = Copiado
ticket-until = Válido hasta
invite-used = Usada por

said-deleted = Se borró { $name }.
said-protected = { $name } está protegido contra el borrado automático por falta de espacio.
said-unprotected = { $name } ya no está protegido.
said-moved = { $name } se movió.
said-unlocked = { $name } ya se puede imprimir.
said-pin = PIN cambiado. El antiguo ya no vale.
said-pin-outdated = PIN cambiado. Estos ordenadores aún tienen el anterior y recibirán el nuevo en cuanto se pueda contactar con ellos: { $name }
said-approved = { $name } ya es miembro.
said-refused = El equipo fue rechazado.
said-withdrawn = La invitación se retiró. Ya no admite a nadie.
said-revoked = Se revocó { $name }.
said-enabled = { $name } puede imprimir de nuevo.
said-disabled = { $name } ya no puede imprimir.
said-badge = { $name } ya tiene la tarjeta.
said-badge-former = { $name } ya tiene la tarjeta. Antes era de { $former }.
said-badge-taken = Se quitó la tarjeta a { $name }.
said-policy = Las reglas se cambiaron y se difunden a medida que se conectan los miembros.
said-verified = { $count ->
    [one] La cadena está intacta: un registro. Su hash:
   *[other] La cadena está intacta: { $count } registros. Hash del último:
}
failed = Esto no funcionó:
failed-gone = Esto ya no está aquí.
failed-busy = Ahora no es posible.
failed-away = El otro equipo no responde.
failed-data = Datos no válidos:

outside-title = Imprimir desde aquí
outside-lead = Lo que envía va cifrado y espera en la oficina. Solo se imprime cuando su dueño está ante una impresora.
outside-print = Enviar archivos
outside-copies = Copias
outside-sides = Caras
outside-color = Color
outside-any = Como en el archivo
outside-files = Archivos
outside-formats = PDF, imágenes (JPEG, PNG) o texto sin formato
outside-go = Enviar
outside-held = { $count ->
    [one] Un archivo está en espera.
   *[other] { $count } archivos están en espera.
}
outside-not-held = Esto no se aceptó.
outside-jobs = Enviado desde aquí
outside-no-jobs = Aún no se ha enviado nada desde aquí.
outside-waits = En espera
outside-incoming = Llegando
outside-deleted = Eliminado
outside-printers = Impresoras
outside-search = Nombre, lugar o funciones
outside-find = Buscar
outside-none = Ninguna impresora coincide.
outside-not-ready = Necesita atención
outside-add = Imprimir desde cualquier programa
outside-add-text = Añada esta impresora a su sistema. Quien tenga estas direcciones imprime aquí: no las comparta.
outside-apple = Perfil para iPhone, iPad y Mac
outside-address = Dirección para Android, ChromeOS y otros
outside-windows = Windows, en PowerShell
outside-cups = Linux, en un terminal

place-elsewhere = Desde fuera
place-internet = Internet
lead-elsewhere = Lo que imprime para usted fuera del sitio: su teléfono en casa, el portátil de un invitado. Se guarda aquí y solo sale para usted.
lead-internet = Las pasarelas permiten imprimir desde fuera sin abrir el cortafuegos. Transmiten lo cifrado y no pueden leerlo.
share = Imprimir desde fuera
share-text = Recibe una dirección con un código. Quien la tenga imprime para usted; nadie más la ve.
share-name = ¿Para qué o para quién es?
share-name-hint = Por ejemplo «iPad» o «Dana, auditora»
share-who = ¿Cuánto se puede imprimir?
share-mine = Lo que necesite, durante un año
share-guest = Tres trabajos, en un día
share-go = Obtener la dirección
share-nowhere = Nadie puede imprimir aquí desde fuera todavía: este equipo no abre ningún lugar en una pasarela.
share-line = Dirección
share-code = La dirección como código para cámaras
ticket-print = Imprime para usted: { $name }
ticket-print-text = Abra allí esta dirección en un navegador, o apunte una cámara al código. La página recibe archivos y añade la impresora a teléfonos, tabletas y equipos. No se vuelve a mostrar.
tokens-nothing = Nada imprime para usted desde fuera.
token-jobs = { $count ->
    [one] Un trabajo
   *[other] { $count } trabajos
}
token-jobs-of = { $count } de { $most } trabajos
gateway-add = Añadir una pasarela
gateway-add-text = Su proveedor necesita el identificador del sitio y le da una línea. Desde entonces todos los equipos del sitio la conocen.
gateway-line = Línea
gateway-add-go = Añadir
gateway-missing = Introduzca la línea del proveedor.
gateway-odd = Esto no es la línea de una pasarela.
gateway-remove = Quitar
gateways-nothing = El sitio no tiene pasarela. Nadie imprime desde fuera.
gateway-idle = Este equipo no abre ningún lugar allí
gateway-dialing = Conectando
gateway-asleep = Se conecta cuando se le llama
gateway-down = Sin conexión
gateway-knocks = { $count ->
    [one] Una conexión desde fuera
   *[other] { $count } conexiones desde fuera
}
gateway-up-since = Conectada desde
place-certified = Certificado hasta
place-refused = Certificado rechazado hasta
place-read = La pasarela puede leer lo que se imprime con este nombre
place-seen = Visto desde fuera, dice { $by }:
mismatch-key = { $name } mostró a { $by } otra clave que la que dice { $doors }
mismatch-key-text = Puede que la red desde la que se vio inspeccione las conexiones cifradas, o que otro responda en lugar de ese ordenador. Mire desde otra red. Si allí es igual, no imprima nada a través de esta pasarela y quítela; si no, descarte este aviso.
mismatch-claimed = Varios ordenadores reclaman { $name }: { $doors }
mismatch-claimed-text = Uno de ellos dice que es suyo un lugar que no abrió. Mire en cada uno quién lo abrió y revoque el que fue alterado.
mismatch-no-tls = { $name } de { $doors } no responde a { $by } con TLS
mismatch-no-tls-text = Puede que un filtro de la red desde la que se vio corte la conexión, o que la pasarela no muestre el lugar a todos. Mire desde otra red; si allí es igual, pregunte al proveedor de la pasarela.
mismatch-closed = { $name } está cerrado para { $by }, y { $doors } lo tiene abierto
mismatch-closed-text = La pasarela no muestra el lugar a todos. Mire desde otra red; si allí es igual, pregunte al proveedor de la pasarela.
mismatch-last = Visto por última vez
mismatch-seen = Visto: clave { $key }, certificado de { $issuer }
mismatch-says = { $door } dice: clave { $key }
mismatch-dismiss = Descartar
places-title = Lugares de este equipo
place-of-site = Lugar del sitio
place-asked = Aún no abierto
place-asleep = Se le llama por correo
place-close = Cerrar
place-new = Nuevo lugar
place-new-text = Un nombre con el que se encuentra este equipo desde fuera; lo que se imprime allí se guarda aquí.
place-open = Abrir
sure-gateway = ¿Quitar { $name }?
sure-gateway-text = Nadie imprimirá ya a través de ella.
said-gateway = { $name } se ha añadido.
said-gateway-removed = { $name } se ha quitado.
said-place = El lugar se está abriendo.
said-place-closed = El lugar está cerrado.
said-dismissed = Lo que se vio en { $name } está descartado.
said-token = { $name } ya no imprime.

mail-title = Por correo
mail-new = Otra dirección suya
mail-new-text = Lo que envíe a { $address } desde una dirección suya se guarda aquí para usted.
mail-clear = Por el camino queda en el servidor de correo, sin cifrar, hasta que se recoge.
mail-add = Registrar una dirección
mail-add-text = Allí recibe un correo con un código, que muestra que usted lo lee.
mail-address = Dirección de correo
mail-language = Idioma de las respuestas
mail-add-go = Enviar el código
mail-code-title = Escriba el código
mail-code-ask = Se envió un código a { $address }. Vale un cuarto de hora.
mail-code = Código
mail-code-go = Registrar
mail-code-wrong = Este no es el código. Mire en el correo más reciente.
mail-remove = Quitar
mail-since = Registrada
typed-mail = Esto no es una dirección de correo.
said-address = Lo que envíe desde { $name } se guarda para usted.
said-address-removed = Lo que llegue de { $name } ya no se guarda.
mail-code-subject = Confirme su dirección de correo
mail-code-text =
    Su código: { $code }

    Vale { $minutes } minutos. Para quien lo escriba se guarda lo que llegue de esta dirección, para imprimirlo.
mail-code-foot = Lo envía un programa de { $site }. Si no lo pidió, no hay nada que hacer.
mail-subject = Su correo
mail-text = Texto del correo
mail-untitled = Sin título
mail-held = Guardado para usted:
mail-before = No se guardó otra vez, porque el mismo documento ya llegó:
mail-not-held = No se guardó:
mail-where = Puede liberarlo en cualquier impresora de { $site } hasta { $until }.
mail-nothing = No se guardó nada.
mail-empty = No contiene nada que se pueda imprimir. Adjunte los documentos como PDF, JPEG, PNG o texto sin formato.
mail-html = El texto tiene formato y no se puede imprimir. Envíelo como texto sin formato o adjúntelo como PDF.
mail-why-picture = una imagen en el texto del correo no es un documento
mail-why-mail = un correo dentro del correo no se imprime; adjunte sus documentos
mail-why-damaged = llegó dañado; envíelo otra vez
mail-too-many = Tiene más de { $most } adjuntos. Envíe varios correos.
mail-too-large = Es demasiado grande: todos los adjuntos juntos pueden tener { $most } MiB. Envíe varios correos.
mail-unreadable = No se pudo leer el correo.
mail-often = Hoy llegaron demasiados correos suyos.
mail-option-unknown = «{ $option }» no es una opción.
mail-option-contradicts = «{ $option }» contradice otra opción.
mail-options = Hay: 2x (copias), duplex, tumble, simplex, mono, color y tamaños de papel como a4 o letter.
mail-last = Llegaron tantos correos suyos que los siguientes quedan sin respuesta, durante una hora como máximo.
mail-foot = Lo envía un programa de { $site } porque llegó un correo de su dirección. Nadie lee las respuestas.
