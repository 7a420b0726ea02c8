page-title = { $printer } – Papermesh
away = El ordenador de la impresora no responde. Esta página se restablecerá sola.
menu = Idioma y colores
menu-language = Idioma
menu-look = Colores
look-auto = Automático
look-light = Claro
look-dark = Oscuro
look-contrast = Alto contraste

welcome = Imprima sus documentos
welcome-tap = Acerque su tarjeta
welcome-lead = Sus documentos siguen sellados hasta que los libere aquí.
welcome-type = Usuario y PIN
device-ready = Impresora lista
device-busy = Imprimiendo
device-stopped = La impresora requiere atención
device-silent = La impresora no responde. Puede que esté saliendo del reposo.
device-changed = El certificado de esta impresora ha cambiado. Sus documentos están a salvo; avise a su administrador.
keys = Teclado en pantalla
keys-capitals = Mayúsculas
keys-signs = Símbolos
keys-space = Espacio
erase = Borrar
back = Atrás

typing-title = ¿Quién es usted?
typing-pin-title = Introduzca su PIN
typing-badge = Tarjeta leída.
typing-user = Usuario
typing-pin = PIN o contraseña
typing-go = Ver mis documentos
typing-wait = Un momento…

notice-timed-out = Se cerró su sesión por inactividad.
notice-logged-out = Ha cerrado la sesión.
notice-still = { $count ->
    [one] Ha cerrado la sesión. Un documento se sigue imprimiendo.
   *[other] Ha cerrado la sesión. { $count } documentos se siguen imprimiendo.
}
notice-unknown-badge = Esta tarjeta no está registrada. Inicie sesión con usuario y PIN, y pida a su administrador que la registre.
notice-new-badge = Esta tarjeta aún no está registrada. Inicie sesión una vez con usuario y PIN, y podrá registrarla a su nombre.
notice-random-badge = Este tipo de tarjeta o teléfono muestra cada vez un número distinto y no se puede registrar. Inicie sesión con usuario y PIN.
notice-unread-badge = No se pudo leer la tarjeta. Acérquela otra vez.
notice-no-badges = Este sitio no usa tarjetas. Introduzca su usuario y su PIN.
notice-refused = No se inició la sesión. El PIN o el usuario es incorrecto, o ninguno de sus ordenadores está encendido. Inténtelo de nuevo.
notice-wait-seconds = { $count ->
    [one] Demasiados intentos. Inténtelo en un segundo.
   *[other] Demasiados intentos. Inténtelo en { $count } segundos.
}
notice-wait-minutes = { $count ->
    [one] Bloqueado por demasiados intentos. Inténtelo en un minuto.
   *[other] Bloqueado por demasiados intentos. Inténtelo en { $count } minutos.
}
notice-no-user = Eso no es un usuario. Se compone de letras, cifras, puntos y guiones.
notice-no-pin = Introduzca su PIN.

phone-use = Use su teléfono
phone-use-lead = Escanee el código con la cámara: el teléfono será teclado y lista.
phone-code = Código para escanear con la cámara de un teléfono
phone-move = En mi teléfono
phone-move-title = Continúe en su teléfono
phone-move-lead = Escanee este código con la cámara de su teléfono. Su lista pasa al teléfono y desaparece de esta pantalla.
phone-knock = ¿Conectar este teléfono?
phone-knock-lead = Toque el número que muestra su teléfono.
phone-knock-no = No soy yo
phone-lent = Continúe en su teléfono
phone-lent-lead = Introduzca su usuario y su PIN en el teléfono.
phone-lent-user = { $user } está usando un teléfono
phone-lent-user-lead = Los documentos solo se ven en el teléfono.
phone-lent-end = Terminar
phone-away = La pantalla del teléfono está apagada o se perdió la conexión. Esperando a que vuelva…
phone-scan = Escanee el código de la impresora
phone-scan-lead = Vaya a la impresora y apunte la cámara de este teléfono al código de su pantalla.
phone-number = Toque este número en la impresora
phone-number-lead = Después, este teléfono será su teclado y su lista.
notice-code-over = Este código ya se usó o ha caducado. Escanee el que la impresora muestra ahora.
notice-not-let-in = Este teléfono no se conectó. Escanee el código otra vez.
notice-phone-refused = El teléfono no se conectó.

badge-ask-title = ¿Registrar esta tarjeta a su nombre?
badge-ask-text = Se acercó al lector antes de que usted iniciara sesión y aún no está registrada. La próxima vez, acérquela en lugar de escribir su usuario.
badge-ask-yes = Registrar
badge-ask-no = Ahora no
badge-asking = Registrando la tarjeta…
badge-bound = La tarjeta es suya. La próxima vez, acérquela en lugar de escribir su usuario.
badge-taken = Esta tarjeta pertenece a otra persona. Consulte a su administrador.
badge-too-many = Ya tiene el máximo de tarjetas. Pida a su administrador que retire una.
badge-no-admin = La tarjeta no se registró: no se puede contactar con el ordenador de ningún administrador. Inténtelo más tarde o consulte a su administrador.
badge-not = La tarjeta no se puede registrar aquí. Consulte a su administrador.

clock = hasta cerrar sesión
clock-soon = Su sesión se cerrará pronto.
stay = Seguir
leave = Salir
bar = Acciones para los documentos seleccionados

jobs-title = Sus documentos
jobs-count = { $count ->
    [one] 1 documento
   *[other] { $count } documentos
}
jobs-all = Seleccionar todo
jobs-none = No hay documentos en espera.
jobs-coming = Buscando sus documentos…
jobs-more = { $count ->
    [one] Mostrar uno más
   *[other] Mostrar más ({ $count })
}
a-computer = un ordenador
holder-asleep = No se puede acceder ahora a los documentos de { $name }. ¿Está apagado o en reposo? Visto por última vez
holder-other-pin = { $name } necesita otro PIN. Visto por última vez
holder-failed = No se pueden listar ahora los documentos de { $name }. Visto por última vez
holder-asking = Contactando con { $name }
first-page = Primera página
until = se conserva hasta
chip-maybe = Quizá impreso
chip-leased = En otra impresora
chip-pin = Tiene su propio PIN
chip-locked = Pide una contraseña
chip-protected = Protegido
chip-soon = Caduca pronto
age-now = ahora mismo
age-minutes = { $count ->
    [one] hace 1 minuto
   *[other] hace { $count } minutos
}
age-hours = { $count ->
    [one] hace 1 hora
   *[other] hace { $count } horas
}
age-days = { $count ->
    [one] hace 1 día
   *[other] hace { $count } días
}
pages-count = { $count ->
    [one] 1 página
   *[other] { $count } páginas
}
pages-only = solo páginas { $pages }
copies-count = { $count ->
    [one] 1 copia
   *[other] { $count } copias
}
sides-one = Una cara
sides-long = Dos caras
sides-short = Dos caras, borde corto
color-color = Color
color-mono = Blanco y negro
scaling-fit = Ajustar a la página
scaling-fill = Llenar la página
scaling-none = Tamaño real
as-image = Imprimir como imagen
finishing-none = No
staple = Grapa
staple-dual = 2 grapas
staple-triple = 3 grapas
edge-stitch = Cosido al borde
saddle-stitch = Cosido a caballete
punch = Perforación
punch-dual = 2 agujeros
punch-triple = 3 agujeros
punch-quad = 4 agujeros
punch-multiple = Muchos agujeros
fold = Pliegue
fold-half = Doblado por la mitad
fold-letter = Plegado tríptico
fold-z = Plegado en Z
fold-other = Plegado ({ $name })
finishing-at = { $what }, { $place }
at-top-left = arriba a la izquierda
at-bottom-left = abajo a la izquierda
at-top-right = arriba a la derecha
at-bottom-right = abajo a la derecha
at-left = a la izquierda
at-top = arriba
at-right = a la derecha
at-bottom = abajo

print = Imprimir
print-and-keep = Imprimir y conservar
options = Opciones
protect = Proteger
delete = Eliminar
cancel = Cancelar
done = Listo
dismiss = Ocultar
options-title = Opciones de impresión
options-hint = Para los documentos seleccionados. Lo que no cambie se imprime como se envió.
options-copies = Copias
options-sides = Caras
options-color = Color
options-scaling = Tamaño en el papel
options-staple = Grapas
options-punch = Perforación
options-fold = Plegado
options-image = ¿Páginas ilegibles o vacías?
options-pages = Páginas
options-pages-all = Todas, o por ejemplo 1-3, 7
as-is = Como se envió
as-is-short = –
as-before = Todo como se envió
fewer = Menos
more-copies = Más
sure-title = ¿Eliminar los documentos seleccionados?
sure-text = Se eliminarán definitivamente sin imprimirse.
sure-yes = Eliminar
sure-no = Conservar

again-title = Puede que una parte ya esté impresa
again-text = Un intento anterior se interrumpió y no se sabe hasta dónde llegó. Compruebe la bandeja de salida.
again-print = Imprimir otra vez
again-delete = Está ahí, eliminar
job-pin-title = Este documento tiene su propio PIN
job-pin-text = Su remitente eligió un PIN solo para este documento.
job-pin = PIN del documento
document-password-title = Este documento está bloqueado
document-password-text = Su autor le puso una contraseña. Solo se usa para esta impresión y no se guarda.
document-password = Contraseña del documento
remark-nothing = Seleccione primero un documento.
remark-copies = Elija de 1 a 999 copias.
remark-pages = Escriba las páginas así: 1-3, 7.
remark-too-much = Fue un poco rápido. Inténtelo de nuevo.
remark-gone = Este documento ya no existe.
failure = Esto no funcionó:

progress = Progreso
print-in-line = El siguiente
print-queued = Se está imprimiendo otro documento. El suyo es el siguiente.
print-sending = En camino a la impresora
print-printing = Imprimiendo
print-page = Imprimiendo la página { $page }
print-page-of = Imprimiendo la página { $page } de { $pages }
print-stopped = La impresora se ha detenido
print-canceling = Cancelando en la impresora
ended-printed = Impreso
ended-kept = Impreso y conservado para la próxima vez
ended-not = No impreso. El documento sigue aquí.
ended-maybe = Quizá impreso
maybe-what = Compruebe la bandeja de salida: ¿está todo?

reason-media-jam = Atasco de papel
reason-media-empty = Sin papel
reason-media-needed = Se necesita otro papel
reason-media-low = Queda poco papel
reason-toner-empty = Sin tóner
reason-toner-low = Queda poco tóner
reason-marker-supply-empty = Sin tinta o tóner
reason-marker-supply-low = Queda poca tinta o tóner
reason-marker-waste-full = El depósito de residuos está lleno
reason-cover-open = Una cubierta está abierta
reason-door-open = Una puerta está abierta
reason-interlock-open = Una puerta o cubierta no está bien cerrada
reason-output-area-full = La bandeja de salida está llena
reason-input-tray-missing = Falta una bandeja de papel
reason-offline = La impresora está desconectada
reason-timed-out = La impresora no responde
reason-paused = La impresora está en pausa
