#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What scripts/amalgamate.py does with names, includes and conditions of made-up sources; and that it
says in one line what is wrong with a tree that it does not understand."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from amalgamation import c_files, c_names  # noqa: E402


def names(text):
    return c_names.Names(text, c_names.static_macros(text))


def rename(text, ordinary, tags=()):
    return c_names.Renaming("new_", set(ordinary), set(tags)).apply(text)


class NamesOfFiles(unittest.TestCase):
    def test_functions_and_variables(self):
        found = names("static int count;\nint zm_count;\n"
                      "static void add(int more)\n{\n    count += more;\n}\n"
                      "static int a, *b[3], (*c)(int d);\n")
        self.assertEqual(found.internal, {"count", "add", "a", "b", "c"})
        self.assertEqual(found.external, {"zm_count"})

    def test_a_function_that_takes_one(self):
        self.assertEqual(names("static void set(void (*handler)(int size), int b);\n").internal, {"set"})

    def test_a_macro_may_make_it_static(self):
        text = "#define COLD static __attribute__((cold))\nCOLD int fail(void)\n{\n    return 1;\n}\n"
        self.assertEqual(names(text).internal, {"fail"})

    def test_types(self):
        found = names("struct row {\n    int a;\n    struct row *next;\n};\nenum kind { ONE, TWO = 2 };\n"
                      "typedef int number;\nstruct other;\nstatic union { int a; } both = {0};\n")
        self.assertEqual(found.tags, {"row", "kind"})
        self.assertEqual(found.internal, {"ONE", "TWO", "number", "both"})

    def test_what_is_not_ours(self):
        found = names('extern int theirs __asm__("x") __attribute__((weak));\nextern int zm_ours;\n')
        self.assertEqual(len(found.foreign), 1)

    def test_comments_and_strings_are_no_code(self):
        found = names('/* static int a; { */\nstatic const char *b = "}; static int c;";\n')
        self.assertEqual(found.internal, {"b"})

    def test_what_does_not_end_is_an_error(self):
        with self.assertRaisesRegex(c_names.Unclear, "line 2"):
            names("int a;\nint f(void)\n{\n")


class NewNames(unittest.TestCase):
    def test_every_use(self):
        self.assertEqual(rename("static int a;\n#define B (a + 1)\nint c = a;\n", {"a"}),
                         "static int new_a;\n#define B (new_a + 1)\nint c = new_a;\n")

    def test_members_keep_theirs(self):
        text = "struct s {\n    int a;\n    void (*f)(int b);\n};\nint f(struct s *s) { return s->a + a; }\n"
        self.assertEqual(rename(text, {"a", "f"}), text.replace("int f(", "int new_f(")
                         .replace("+ a", "+ new_a"))
        self.assertEqual(rename("x = {.a = a};", {"a"}), "x = {.a = new_a};")

    def test_tags_are_another_kind(self):
        self.assertEqual(rename("struct row *row;", {"row"}), "struct row *new_row;")
        self.assertEqual(rename("struct row *row;", (), {"row"}), "struct new_row *row;")

    def test_texts_stay(self):
        self.assertEqual(rename('f("a"); /* a */', {"a"}), 'f("a"); /* a */')


class Conditions(unittest.TestCase):
    def stack(self, *lines):
        conditions = c_files.Conditions(None, "GUARD")
        for line in lines:
            conditions.pass_line(line)
        return conditions.current()

    def test_branches(self):
        self.assertEqual(self.stack("#ifdef A", "#if B > 1"), ["defined(A)", "B > 1"])
        self.assertEqual(self.stack("#ifdef A", "#else /* no A */"), ["!defined(A)"])
        self.assertEqual(self.stack("#if A", "#elif B"), ["!(A) && (B)"])
        self.assertEqual(self.stack("#if A", "#endif"), [])

    def test_a_guard_is_none(self):
        self.assertEqual(self.stack("#ifndef GUARD"), [])


class WrongTrees(unittest.TestCase):
    """A copy of the tree, with something in it that nobody has told the script of."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)
        for name in ("src", "layers", "backends", "include", "scripts"):
            shutil.copytree(ROOT / name, self.tree / name)
        for name in ("meson.build", "LICENSE"):
            shutil.copy(ROOT / name, self.tree)

    def replace(self, name, old, new):
        path = self.tree / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def run_script(self, *arguments):
        return subprocess.run(
            [sys.executable, "-B", self.tree / "scripts" / "amalgamate.py", *arguments],
            cwd=self.tree, capture_output=True, text=True, check=False)

    def fails(self, line, *arguments, status=1):
        result = self.run_script(*arguments)
        self.assertEqual((result.stderr, result.returncode), (f"amalgamate: {line}\n", status))

    def test_a_file_that_is_in_no_list(self):
        (self.tree / "src" / "extra.c").write_text("int zm_extra;\n", encoding="utf-8")
        self.fails("src/extra.c is in no list of meson.build that this script reads")

    def test_a_file_that_is_in_a_list_is_in_it(self):
        (self.tree / "src" / "extra.c").write_text("int zm_extra;\n", encoding="utf-8")
        self.replace("meson.build", "  'src/zmalloc.c',\n", "  'src/zmalloc.c',\n  'src/extra.c',\n")
        self.assertEqual(self.run_script().returncode, 0)
        text = (self.tree / "build-amalgamation" / "zmalloc.c").read_text(encoding="utf-8")
        self.assertIn("/* ---- src/extra.c ---- */", text)

    def test_a_backend_of_the_tree_is_in_it(self):
        shutil.copy(self.tree / "backends" / "libc.c", self.tree / "backends" / "plain.c")
        with (self.tree / "backends" / "meson.build").open("a", encoding="utf-8") as file:
            file.write("backends += {'plain': {\n  'kind': 'built in',\n  'sources': files('plain.c'),\n}}\n")
        self.assertEqual(self.run_script().returncode, 0)
        text = (self.tree / "build-amalgamation" / "zmalloc.c").read_text(encoding="utf-8")
        self.assertIn("#define ZM_PLAIN_ORIGIN BUILT_IN", text)
        self.assertIn("/* ---- backends/plain.c ---- */", text)

    def test_a_list_of_another_name(self):
        self.replace("meson.build", "static_sources = files(", "archive_sources = files(")
        self.fails("meson.build has no list 'static_sources = files(...)'")

    def test_a_list_with_a_file_that_is_gone(self):
        (self.tree / "src" / "peak.c").unlink()
        self.fails(f"{self.tree.resolve()}/meson.build names src/peak.c, which is not there")

    def test_another_setting(self):
        self.replace("meson.build", "config.set_quoted('ZM_VERSION'", "config.set_quoted('ZM_OTHER'")
        self.fails("meson.build puts ZM_OTHER into config.h, "
                   "and scripts/amalgamation/config.h says nothing of it")

    def test_headers_with_one_name(self):
        self.replace("src/peak.h", "#endif", "struct zm_twice {\n    int a;\n};\n#endif")
        self.replace("src/node.h", "#endif", "struct zm_twice {\n    int a;\n};\n#endif")
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Aamalgamate: src/\w+\.h and src/\w+\.h both define "
                                        r"'zm_twice'\n\Z")

    def test_arguments(self):
        self.fails("unrecognized arguments: --outptu=x; --help says more", "--outptu=x", status=2)
        self.fails("--output needs the name of a folder; --help says more", "--output=", status=2)
        self.fails("LICENSE: it is no folder", "--output=LICENSE")


if __name__ == "__main__":
    unittest.main()
