#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mail and FTP through the wire, real clients (smtplib, ftplib): honest mails, also behind STARTTLS, and transfers in both modes
# arrive unchanged; attachments by name and by content, a server's name behind STARTTLS, a command and files by content are blocked.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip "needs openssl"
prepare
cat >"$work/mail.rules" <<'RULES'
reject smtp any any -> any any (msg:"E2E attachment name"; flow:established,to_server; file.name; content:"invoice.exe"; startswith; endswith; sid:1000201; rev:1;)
reject smtp any any -> any any (msg:"E2E attachment"; flow:established,to_server; file.data; content:"SLUICE-E2E-ATTACHMENT"; sid:1000202; rev:1;)
drop smtp any any -> any any (msg:"E2E mail text"; flow:established,to_server; content:"SLUICE-E2E-TEXT"; sid:1000203; rev:1;)
reject tls any any -> any any (msg:"E2E name behind STARTTLS"; flow:established,to_server; tls.sni; content:"blocked.example"; endswith; sid:1000204; rev:1;)
reject ftp any any -> any any (msg:"E2E FTP command"; flow:established,to_server; content:"SITE EXEC"; nocase; startswith; sid:1000205; rev:1;)
reject ftp-data any any -> any any (msg:"E2E FTP upload"; ftpdata_command:stor; file.data; content:"SLUICE-E2E-UPLOAD"; sid:1000206; rev:1;)
reject ftp-data any any -> any any (msg:"E2E FTP download"; filename:"bad.bin"; file.data; content:"SLUICE-E2E-DOWNLOAD"; sid:1000207; rev:1;)
RULES
"$bin/sluice" compile "$work/mail.rules" -o "$work/first.sigb" --key "$work/lab.key" --version 12
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=mail.example" \
    -keyout "$work/mail.key" -out "$work/mail.pem" 2>/dev/null
mkdir "$work/mails" "$work/files"
head -c 400000 /dev/urandom >"$work/honest"
head -c 3000000 /dev/urandom >"$work/files/large.bin"
# In the middle: what the rules look for comes late.
marked() { head -c 200000 /dev/urandom; printf %s "$1"; head -c 200000 /dev/urandom; }
marked SLUICE-E2E-ATTACHMENT >"$work/attachment"
marked SLUICE-E2E-UPLOAD >"$work/upload"
marked SLUICE-E2E-DOWNLOAD >"$work/files/bad.bin"

peers=$SLUICE_ROOT/tests/e2e
ip netns exec "$server" python3 "$peers/mail_peer.py" serve "$server_ip" "$work/mails" "$work/mail.pem" "$work/mail.key" >"$work/mail.log" 2>&1 &
background+=($!)
ip netns exec "$server" python3 "$peers/ftp_peer.py" serve "$server_ip" "$work/files" >"$work/ftp.log" 2>&1 &
background+=($!)
# send TEXT FILE NAME [TLS-NAME]; ftp get|put NAME FILE [active]; ftp say COMMAND
send() { on "$client" python3 "$peers/mail_peer.py" send "$server_ip" "$@"; }
ftp() { on "$client" python3 "$peers/ftp_peer.py" "$1" "$server_ip" "${@:2}"; }
# arrives NAME FILE [TLS-NAME]: a mail with this attachment, compared
arrives() { send "an honest mail" "$2" "$1" "${@:3}" && cmp "$work/mails/$1" "$2"; }
uploads() { ftp put "$1" "$work/honest" "${@:2}" && cmp "$work/files/$1" "$work/honest"; }
downloads() { ftp get large.bin "$work/got" "$@" && cmp "$work/got" "$work/files/large.bin"; }
blocked() { wait_events 1 "e.get('alert',{}).get('signature_id')==$1 and e['alert']['action']=='blocked' and e['app_proto']=='$2'"; }

write_config ""
check "dataplane starts" start_dataplane
check "an honest mail arrives unchanged" arrives first.pdf "$work/honest"
check "and behind STARTTLS" arrives second.pdf "$work/honest" mail.example
check "an attachment is blocked by its name" refuse send text "$work/honest" invoice.exe
check "and by its content" refuse send text "$work/attachment" third.pdf
check "a mail is blocked by its text" refuse send "SLUICE-E2E-TEXT" "$work/honest" fourth.pdf
check "a name behind STARTTLS is blocked" refuse send text "$work/honest" fifth.pdf mail.blocked.example
check "the server has no mail of these" test "$(ls "$work/mails")" = "$(printf 'first.pdf\nsecond.pdf')"
for mode in passive active; do
    check "an upload arrives unchanged, $mode" uploads "up.$mode" "$mode"
    check "and a download, $mode" downloads "$mode"
    check "an upload is blocked by its content, $mode" refuse ftp put bad.up "$work/upload" "$mode"
    check "and a download, $mode" refuse ftp get bad.bin "$work/got" "$mode"
done
check "the server has no such upload" test ! -e "$work/files/bad.up"
check "an FTP command is answered" ftp say "SITE HELP"
check "a blocked one is not" refuse ftp say "site exec /bin/sh"
for sid in 1000201 1000202 1000203; do check "events tell: $sid" blocked "$sid" smtp; done
check "events tell of the name behind STARTTLS" blocked 1000204 tls
check "events tell of the command" blocked 1000205 ftp
for sid in 1000206 1000207; do check "events tell of the file: $sid" blocked "$sid" ftp-data; done
check "what is encrypted is counted" [ "$(value total/stream_bytes_encrypted)" -gt 400000 ]
check "in = forwarded + dropped" conserved
check "clean stop" stop_dataplane
say "PASSED $test_name"
