# SPDX-License-Identifier: MIT
# The rules of tests/lint/layers. First file: layers.mk; then whatever is to be checked.

function fail(text) {
        printf "%s:%d: %s\n", FILENAME, FNR, text
        findings++
}

function note(file, text) {
        printf "note: %s: %s\n", file, text
}

function contains_word(list, word) {
        return index(" " list " ", " " word " ") > 0
}

# ---- layers.mk ---------------------------------------------------------------------------------
function read_rule(line,    at, name, value) {
        at = index(line, "=")
        name = substr(line, 1, at - 1)
        value = substr(line, at + 1)
        gsub(/[ \t]+/, "", name)
        gsub(/^[ \t]+|[ \t]+$/, "", value)

        if (sub(/^LAYER_/, "", name))
                layer[name] = value
        else if (sub(/^LIBRARY_/, "", name))
                library[name] = value
}

# ---- per file ----------------------------------------------------------------------------------
function has_spdx_rule(path) {
        return path ~ /\.(c|h|bats|bash|sh|awk|mk|container|service|sysusers|catalog|[1578])$/ || \
               path ~ /(^|\/)Makefile$/ || path ~ /^\.c(lang-tidy|i\/run)$/
}

# folder whose rules a C file follows: its own below supervisor/, the tested one's below tests/unit/
function folder_of(path,    parts, words) {
        split(path, parts, "/")
        if (parts[1] == "supervisor") # a folder may be made of folders
                return split(path, parts, "/") > 3 ? parts[2] "/" parts[3] : parts[2]
        if (parts[1] == "tests" && parts[2] == "unit") {
                split(parts[3], words, "-")
                return words[2]
        }
        return ""
}

function begin_file(    base, stem, i, n, words) {
        is_c = FILENAME ~ /\.[ch]$/
        folder = is_c ? folder_of(FILENAME) : ""
        in_function = in_comment = seen_include = seen_pragma = seen_spdx = has_main = 0
        file_lines = 0
        current = FILENAME

        if (!is_c)
                return

        base = FILENAME
        sub(/.*\//, "", base)
        stem = base
        sub(/\.[ch]$/, "", stem)
        if (base !~ /^[a-z0-9]+(-[a-z0-9]+)*\.[ch]$/)
                fail("file names are kebab-case")
        n = split(stem, words, "-")
        for (i = 1; i <= n; i++)
                if (contains_word("util utils misc common helper helpers types globals", words[i]))
                        fail("'" words[i] "' names no responsibility; find the topic")
        if (FILENAME ~ /^supervisor\// && !(folder in layer))
                fail("folder '" folder "' is not in tests/lint/layers.mk")
}

function end_file(    limit) {
        if (wants_spdx && !seen_spdx) {
                printf "%s:1: no 'SPDX-License-Identifier: MIT' in the first three lines\n", current
                findings++
        }
        if (current == "" || !is_c)
                return
        if (current ~ /\.h$/ && !seen_pragma) {
                printf "%s:1: no '#pragma once'\n", current
                findings++
        }
        limit = current ~ /\.h$/ ? 250 : 800
        if (file_lines > limit)
                note(current, file_lines " lines, look again above " limit)
        if (exit_line && !has_main) {
                printf "%s:%d: exit() below main()\n", current, exit_line
                findings++
        }
        exit_line = 0
}

function check_library(header) {
        if (!(header in library)) {
                if (header ~ /^systemd\//)
                        fail("<" header "> is not in tests/lint/layers.mk")
                return
        }
        if (folder != "" && !contains_word(library[header], folder) && FILENAME ~ /^supervisor\//)
                fail("<" header "> is only for: " library[header])
        # sd-event and sd-bus are the house's loop and bus; the rest stays out of headers read elsewhere.
        if (FILENAME ~ /\.h$/ && FILENAME !~ /-internal\.h$/ && \
            contains_word("ini.h seccomp.h sys/capability.h", header))
                fail("<" header "> in a header that others read; use a -internal.h")
}

function check_project(header,    parts, target) {
        if (header ~ /^supd\//)
                return
        if (split(header, parts, "/") < 2) {
                if (FILENAME ~ /^supervisor\//)
                        fail("include project headers by path: \"FOLDER/" header "\"")
                return
        }
        target = split(header, parts, "/") > 2 ? parts[1] "/" parts[2] : parts[1]
        if (!(target in layer) || folder == "")
                return
        if (target != folder && !contains_word(layer[folder], target) && \
            !(contains_word("init logger", folder) && header == "base/macro.h"))
                fail(folder " may not include " target "; see tests/lint/layers.mk")
        if (header ~ /-internal\.h$/ && target != folder)
                fail("\"" header "\" is for its own folder")
}

function check_include(line,    header, own) {
        header = line
        sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", header)
        sub(/[>"].*/, "", header)

        if (!seen_include && FILENAME ~ /^supervisor\/.*\.c$/) {
                own = FILENAME
                sub(/^supervisor\//, "", own)
                sub(/\.c$/, ".h", own)
                if ((getline ignored < ("supervisor/" own)) >= 0) {
                        close("supervisor/" own)
                        if (header != own)
                                fail("the own header comes first: \"" own "\"")
                }
        }
        seen_include = 1

        if (line ~ /</)
                check_library(header)
        else
                check_project(header)
}

# the line without strings, characters and comments; mawk has no state machine to lend
function strip(line,    out, at) {
        out = ""
        while (line != "") {
                if (in_comment) {
                        at = index(line, "*/")
                        if (!at)
                                return out
                        line = substr(line, at + 2)
                        in_comment = 0
                } else if (match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)+'|\/\*|\/\//)) {
                        out = out substr(line, 1, RSTART - 1) " "
                        if (substr(line, RSTART, 2) == "//")
                                return out
                        if (substr(line, RSTART, 2) == "/*")
                                in_comment = 1
                        line = substr(line, RSTART + RLENGTH)
                } else {
                        return out line
                }
        }
        return out
}

BEGIN {
        # A table of patterns on stripped lines; each may follow anything but an identifier's characters.
        banned["goto[ \t]+[a-z_]"] = "goto: let scope free what you own"
        banned["strcpy[ \t]*\\("] = "strcpy()"
        banned["strcat[ \t]*\\("] = "strcat()"
        banned["sprintf[ \t]*\\("] = "sprintf(): use asprintf() or snprintf()"
        banned["vsprintf[ \t]*\\("] = "vsprintf()"
        banned["atoi[ \t]*\\("] = "atoi(): cannot fail"
        banned["atol[ \t]*\\("] = "atol(): cannot fail"
        banned["strtok(_r)?[ \t]*\\("] = "strtok()"
        banned["system[ \t]*\\("] = "system()"
        banned["popen[ \t]*\\("] = "popen()"
        banned["alloca[ \t]*\\("] = "alloca()"
        banned["strdupa[ \t]*\\("] = "strdupa(): it is alloca()"
        banned["sleep[ \t]*\\("] = "sleep(): wait for an event with a deadline"
        banned["usleep[ \t]*\\("] = "usleep(): wait for an event with a deadline"
        banned["gets[ \t]*\\("] = "gets()"
        banned["tmpnam[ \t]*\\("] = "tmpnam()"
        banned["mktemp[ \t]*\\("] = "mktemp()"
}

NR == FNR {
        if ($0 ~ /^(LAYER|LIBRARY)_/)
                read_rule($0)
        next
}

FNR == 1 {
        end_file()
        begin_file()
        wants_spdx = has_spdx_rule(FILENAME) || $0 ~ /^#!/
}

FNR <= 3 && /SPDX-License-Identifier: MIT/ {
        seen_spdx = 1
}

is_c {
        file_lines = FNR
        if ($0 ~ /^[ \t]*#[ \t]*include/)
                check_include($0)
        if ($0 ~ /^#pragma once/)
                seen_pragma = 1
        if ($0 ~ /NOLINT/ && $0 !~ /NOLINTEND/ && $0 !~ /NOLINT(NEXTLINE|BEGIN)?(\([^)]*\))?: *[A-Za-z]/)
                fail("NOLINT without its reason")

        code = strip($0)
        for (pattern in banned)
                if (code ~ ("(^|[^A-Za-z0-9_.>])" pattern))
                        fail("not in this house: " banned[pattern])
        if (code ~ /(^|[^A-Za-z0-9_])exit[ \t]*\(/ && !exit_line)
                exit_line = FNR
        if (code ~ /^int main\(/)
                has_main = 1

        # clang-format is a gate, so a function's body lies between these two.
        if (code ~ /^[A-Za-z_].*\) \{[ \t]*$/)
                in_function = 1
        else if (code ~ /^}/)
                in_function = 0
        if (in_function && code ~ /^[ \t]*#[ \t]*(if|ifdef|ifndef)/)
                fail("#if within a function; make it two functions")
        check_struct(code)
}

# members of one struct, for STYLE.md's second figure
function check_struct(code) {
        if (code ~ /^(typedef )?struct [A-Za-z_]+ \{/) {
                in_struct = 1
                struct_line = FNR
                members = 0
                struct_name = code
                sub(/^(typedef )?struct /, "", struct_name)
                sub(/ .*/, "", struct_name)
        } else if (in_struct && code ~ /^}/) {
                in_struct = 0
                if (members > 25)
                        note(FILENAME ":" struct_line, struct_name " has " members " members, look again above 25")
        } else if (in_struct && code ~ /;/) {
                members++
        }
}

END {
        end_file()
        exit findings > 0
}
