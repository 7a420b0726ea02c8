door-title = صفحتك ليست مفتوحة هنا
door-text = تُفتح برابط يُستعمل مرة واحدة. اكتب في طرفية هذا الحاسوب:
door-hint = إعادة التحميل تغلق الصفحة كي لا يجدها أحد مفتوحة.
used-title = استُعمل هذا الرابط من قبل
used-text = يفتح الرابط صفحة واحدة، مرة واحدة، خلال دقيقتين. إن استُعمل مرتين أُغلقت الصفحة التي فتحها أيضًا. لصفحة أخرى اكتب:
over-title = هذه الصفحة مغلقة
over-text = تُغلق بعد نصف ساعة دون استعمال، وعند توقف العقدة. لفتحها من جديد اكتب:
closed-title = أُغلقت الصفحة
closed-text = لم يبق منها شيء في هذه النافذة. لفتحها من جديد اكتب:
unproven-title = هذه الصفحة مغلقة
unproven-text = كان ما كُتب للإثبات خاطئًا مرات كثيرة. لفتحها من جديد اكتب:
portal-away = عقدة هذا الحاسوب لا تجيب. تعود الصفحة حين تجيب.
portal-close = إغلاق
admin = الإدارة
places = الأقسام
details = التفاصيل
chip-urgent = عاجل
chip-damaged = تالف
chip-revoked = ملغى
chip-blocked = موقوف
size-bytes = { $amount } بايت
size-kb = { $amount } ك.ب
size-mb = { $amount } م.ب

place-jobs = في الانتظار
place-history = السجل
place-account = حسابي
place-devices = الأجهزة
place-people = المستخدمون
place-printers = الطابعات
place-policy = القواعد
place-audit = التدقيق
lead-jobs = مختومة على هذا الحاسوب حتى تطبعها عند طابعة. تعرضها الطابعات بهذا الترتيب.
lead-history = ما آلت إليه مهامك في آخر 30 يومًا.
lead-account = رمزك وبطاقاتك وحواسيبك.
lead-devices = حواسيب الموقع وطابعاته، والأجهزة التي تريد الانضمام.
lead-people = من يحق له الطباعة.
lead-printers = حال طابعات الموقع الآن.
lead-policy = ما يقدمه الجميع عند الطابعة، ومدة انتظار المهام.
lead-audit = ما دوّنه هذا الحاسوب في آخر 30 يومًا، موقعًا ومتسلسلًا.

jobs-nothing = لا شيء ينتظر. ما تطبعه يبقى هنا حتى تستلمه عند طابعة.
job-up = تقديم
job-down = تأخير
job-unlock = أعط كلمة مروره
unlock-title = { $name } مقفل
unlock-text = وضع له صاحبه كلمة مرور. تُحفظ مختومة مع المهمة وتُستعمل عند الطباعة.
unlock-password = كلمة المرور
unlock-go = احفظها
unlock-wrong = كلمة المرور هذه لا تفتحه.
unlock-missing = اكتب كلمة المرور من فضلك.
is-waiting = يظهر عند الطابعات من
is-printing = يُطبع عند { $printer }
is-printing-page = يُطبع عند { $printer }، الصفحة { $page }
is-stopped = { $printer } متوقفة
was-printed = طُبع وحُفظ عند { $printer }
was-maybe = ربما طُبع عند { $printer }
was-not = لم يُطبع عند { $printer }
history-nothing = لا شيء بعد. حين يُطبع شيء يكون إيصاله هنا.
gone-printed = طُبع عند { $printer }
gone-deleted = حُذف على هذا الحاسوب
gone-deleted-at = حُذف عند { $printer }
gone-expired = انتهت مدته دون طباعة
receipt-number = الرقم
receipt-job = المهمة
receipt-sent = أُرسلت
receipt-printer = الطابعة
receipt-node = الموقِّع
receipt-pages = الصفحات

account-pin = الرمز السري
account-pin-text = تكتبه عند كل طابعة. حواسيبك وحدها تستطيع التحقق منه.
account-pin-old = الرمز الحالي
account-pin-new = الرمز الجديد، 4 أحرف على الأقل
account-pin-again = الرمز الجديد مرة أخرى
account-pin-go = تغيير الرمز
account-pin-wait = لحظة…
account-linked-text = سجلت على حاسوب آخر وهذا مرتبط به. غيّر رمزك هناك.
account-shared-text = على الحاسوب المشترك تختار رمزًا في كل زيارة.
account-badges = البطاقات
account-badges-count = { $count ->
    [0] لا بطاقة
    [zero] لا بطاقة
    [one] بطاقة واحدة
    [two] بطاقتان
    [few] { $count } بطاقات
    [many] { $count } بطاقة
   *[other] { $count } بطاقة
}
account-badges-text = يسجل المسؤول البطاقات. لا يُحفظ من الرقم إلا صورة مشفرة، فلا يمكن عرضه.
account-computers = الحواسيب
account-computers-text = يمكن أن تنتظر مهامك على كل منها.
account-this = هذا
account-old-pin = ما زال عليه الرمز القديم
account-link = ربط حاسوب آخر
pin-missing = املأ الحقول الثلاثة من فضلك.
pin-differs = الرمزان الجديدان غير متطابقين. اكتبهما مرة أخرى.
pin-wrong = الرمز الحالي خاطئ. لم يتغير شيء.
pin-odd = الرمز من 4 إلى 128 حرفًا.

pending-title = تريد الانضمام
pending-nothing = لا جهاز يطلب الانضمام. يطلب الجهاز الجديد بالأمر "papermesh join".
pending-compare = اكتب الأرقام الستة التي تعرضها شاشته.
pending-approve = اقبله
pending-text = اقرأ الأرقام الستة على شاشة الجهاز نفسه واكتبها هنا. لا يُقبل إلا الجهاز الذي يعرضها.
pending-digits = الأرقام على شاشته
pending-go = اقبله
digits-wrong = لا جهاز منتظرًا يعرض هذه الأرقام. اقرأها مرة أخرى على شاشته. إن كان يعرضها حقًا فهناك من يتوسط: لا تقبل شيئًا.
pending-refuse = رفض
members-title = الأعضاء
members-nothing = لا أعضاء.
member-this = هذا الحاسوب
member-here = متصل الآن
member-seen = آخر ظهور
member-never = لم يظهر من هنا قط
member-revoked = سُحبت شهادته
member-revoke = إلغاء
member-node = العقدة
member-until = الشهادة حتى
role-client = حاسوب
role-shared-client = حاسوب مشترك
role-printer = طابعة
role-bootstrap = عقدة تمهيد
role-admin = إدارة
invite = دعوة جهاز
invite-text = تحصل على سطر واحد. يُدخل جهازًا واحدًا مرة واحدة دون مقارنة أرقام.
invite-role = سيكون
invite-name = اسمه
invite-name-hint = بدون اسم يختار الجهاز اسمًا.
invite-good = صالحة لمدة
invite-go = إصدار دعوة
invites-title = دعوات مفتوحة
invite-withdraw = سحب

people-nothing = لا مستخدمين بعد.
people-add = إضافة مستخدم
people-add-text = تحصل على تذكرة تسلمها. بها يسجل المستخدم ويختار رمزًا.
people-add-go = إصدار تذكرة
people-id = معرّف المستخدم
people-id-hint = مثل اسم الدخول أو عنوان البريد.
people-name = الاسم إن كان مختلفًا
people-badge-number = رقم البطاقة
people-badge-hint = كما يقرؤه القارئ؛ يمكن تركه.
people-badge = بطاقة
people-ticket = تذكرة جديدة
people-block = إيقاف
people-unblock = إعادة
people-enrolled = مسجل
people-not-enrolled = لم يسجل بعد
typed-user = هذا ليس معرّف مستخدم. فيه حروف وأرقام ونقاط وشرطات.
typed-name = هذا ليس اسمًا.
typed-badge = اكتب رقم البطاقة من فضلك.
badge-title = بطاقة لـ { $user }
badge-text = البطاقة تسمي مستخدمها عند كل طابعة.
badge-give = إعطاء
badge-take = استرجاع

printers-nothing = لا طابعة في الموقع بعد. تنضم الطابعة بالأمر "papermesh join --role printer".
printer-asking = جارٍ السؤال…
printer-silent = لا تجيب
printer-ready = جاهزة
printer-troubled = جاهزة وتحتاج إلى نظرة
printer-stopped = لا تقبل مهام الآن

policy-login = عند الطابعة يقدم الجميع
login-badge-pin = بطاقة أو معرّفًا، مع الرمز
login-badge-pin-text = البطاقة تقول من أنت والرمز يثبته. الخيار المعتاد.
login-pin = المعرّف والرمز
login-pin-text = لا تُقبل البطاقات.
login-badge = البطاقة وحدها
login-badge-text = لا أحد يثبت شيئًا: يمكن نسخ البطاقة، ويمكن لكل طابعة هنا فتح وطباعة جميع مهام كل من لديه بطاقة.
policy-bind = بطاقات غير معروفة
policy-bind-off = المسؤولون يسجّلون البطاقات
policy-bind-off-text = من يمرّر بطاقة غير معروفة يُطلب منه سؤال المسؤول. الخيار المعتاد.
policy-bind-on = يسجّل المستخدمون بطاقاتهم بأنفسهم
policy-bind-on-text = من يمرّر بطاقة ليست لأحد ثم يسجّل الدخول بالمعرّف والرمز السري يمكنه تسجيلها عند الطابعة. يلزم لذلك أن يكون أحد حواسيبه وحاسوب أحد المسؤولين قيد التشغيل.
policy-kept = مهام لم تُستلم
policy-kept-text = تُحذف ما لم يطلب صاحبها مدة أخرى.
policy-kept-for = تُحفظ مدة
policy-go = حفظ
span-minutes = { $count ->
    [one] دقيقة واحدة
    [two] دقيقتان
    [few] { $count } دقائق
    [many] { $count } دقيقة
   *[other] { $count } دقيقة
}
span-hours = { $count ->
    [one] ساعة واحدة
    [two] ساعتان
    [few] { $count } ساعات
    [many] { $count } ساعة
   *[other] { $count } ساعة
}
span-days = { $count ->
    [one] يوم واحد
    [two] يومان
    [few] { $count } أيام
    [many] { $count } يومًا
   *[other] { $count } يوم
}
export = تصدير الموقع
export-text = كل ما لدى الإدارة في ملف مختوم. بالملف وعبارة السر يتولى حاسوب آخر الإدارة، حتى لو فُقد هذا.
export-hint = إذا كان لمفتاح الموقع عبارة سر فهي هذه.
export-again = عبارة السر مرة أخرى
export-go = ختم
export-missing = املأ الحقلين من فضلك.
export-differs = العبارتان غير متطابقتين. اكتبهما مرة أخرى.
export-wrong = لمفتاح الموقع عبارة سر أخرى. اكتبها من فضلك.
export-unsealed = ليس لمفتاح الموقع عبارة سر، والصفحة لا تعطيه. اكتب "papermesh site export" في الطرفية.
export-ready = الموقع مختوم
export-ready-text = احفظ الملف بعيدًا عن عبارة السر. على حاسوب آخر يتولاه "papermesh site import".
export-save = حفظ الملف
export-saved = حُفظ

audit-nothing = لم يُدوَّن شيء.
audit-verify = تحقق من السلسلة
audit-number = السجل
audit-peer = العقدة الأخرى

sure-do = نعم
sure-delete = حذف هذه المهمة؟
sure-delete-text = يُحذف { $name } نهائيًا ولا يستطيع أحد طباعته.
sure-delete-yes = حذف
sure-revoke = إلغاء { $name }؟
sure-revoke-text = لا يكلمه عضو بعد ذلك. المهام التي يحفظها لا يمكن طباعتها، ولا يعود إلا بدعوة جديدة. الأعضاء الغائبون يعرفون ذلك عند عودتهم.
sure-revoke-yes = إلغاء العضوية
sure-block = إيقاف { $name }؟
sure-block-text = لا تسمح الطابعات لهذا المستخدم بالدخول. تبقى المهام المنتظرة مختومة حتى تنتهي مدتها. يمكنك إعادته لاحقًا.
passphrase-title = عبارة السر من فضلك
passphrase-text = إنها تثبت أنك من فتح هذه الصفحة. ثم يبقى المفتاح مفتوحًا حتى تتوقف العقدة.
passphrase = عبارة السر
passphrase-wrong = هذه العبارة لا تفتحه.
passphrase-go = فتح المفتاح
code-title = هل هذا أنت؟
code-text = تعرض الطرفية التي كتبت فيها "papermesh open" ستة أرقام. إنها تثبت أنك من فتح هذه الصفحة.
code = الأرقام في الطرفية
code-wrong = ليست هذه الأرقام.
code-go = متابعة

ticket-enroll = تذكرة لـ { $user }
ticket-enroll-text = سلّمها. يكتب المستخدم على حاسوبه "papermesh user enroll" ثم هذا السطر.
ticket-again = سجل هذا المستخدم من قبل. من يستعمل التذكرة يستبدل المفتاح والرمز، ويجب ربط الحواسيب المرتبطة من جديد.
ticket-link = ربط حاسوب آخر
ticket-link-text = اكتب على الحاسوب الآخر "papermesh user link" ثم هذا السطر.
ticket-join = دعوة: { $device }
ticket-join-text = اكتب على الجهاز "papermesh join -" ثم هذا السطر. يدخل من يحصل عليه أولًا.
invite-line = الدعوة
invite-code = الدعوة رمز QR
ticket-line = التذكرة
ticket-code = التذكرة رمز QR
ticket-copy = نسخ
ticket-copied = نُسخت
ticket-until = صالحة حتى
invite-used = استخدمها

said-deleted = حُذف { $name }.
said-protected = { $name } محمي: لا يخلي مكانه لغيره.
said-unprotected = لم يعد { $name } محميًا.
said-moved = نُقل { $name }.
said-unlocked = يمكن طباعة { $name } الآن.
said-pin = تغير رمزك. القديم لم يعد صالحًا.
said-pin-outdated = تغير رمزك. لم يُوصل إليها بعد وما زال عليها القديم: { $name }
said-approved = { $name } عضو الآن.
said-refused = صُرف الجهاز.
said-withdrawn = سُحبت الدعوة ولم تعد تُدخل أحدًا.
said-revoked = لم يعد { $name } عضوًا.
said-enabled = يحق لـ { $name } الطباعة من جديد.
said-disabled = لا يحق لـ { $name } الطباعة بعد الآن.
said-badge = البطاقة الآن لـ { $name }.
said-badge-former = البطاقة الآن لـ { $name }. كانت حتى الآن لـ { $former }.
said-badge-taken = استُرجعت البطاقة من { $name }.
said-policy = تغيرت القواعد وتنتشر مع كل اتصال.
said-verified = { $count ->
    [one] السلسلة سليمة: سجل واحد. بصمته:
    [two] السلسلة سليمة: سجلان. بصمة الأخير:
    [few] السلسلة سليمة: { $count } سجلات. بصمة الأخير:
    [many] السلسلة سليمة: { $count } سجلًا. بصمة الأخير:
   *[other] السلسلة سليمة: { $count } سجل. بصمة الأخير:
}
failed = لم ينجح ذلك:
failed-gone = لم يعد هذا هنا.
failed-busy = لا يمكن ذلك الآن.
failed-away = الجهاز الآخر لا يجيب.
failed-data = شيء ليس كما ينبغي:
