/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A flame graph: a box for each function on each way to it, as wide as what it and its callees hold, on
 * top of its caller's. The file is complete by itself: a browser searches it and zooms into it, any other
 * viewer shows it.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "profile/traces.h"
#include "text.h"
#include "verb.h"
#include "xml.h"

#define WIDTH 1200.0
#define EDGE 10.0
#define ROW 18.0
#define HEAD 44.0
#define FOOT 30.0
#define COLUMN 7.0    /* the width of a character */
#define NARROWEST 0.3 /* a box below that is left out */

struct box {
    char *name;
    const struct frame *frame;
    int64_t bytes;
    size_t count; /* of callees */
    struct box **callees;
    size_t level; /* of callers below it */
    double x;
};

/* ---- The tree ---- */

/* Callers come before their callees, and the root is the first. So nothing that goes over all boxes calls
 * itself: a file may have stacks of any depth. */
struct tree {
    size_t count;
    struct box **boxes;
};

static void add(struct box ***boxes, size_t *count, struct box *box)
{
    *boxes = reallocarray(*boxes, *count + 1, sizeof(struct box *));
    if (*boxes == NULL)
        abort();
    (*boxes)[(*count)++] = box;
}

static struct box *callee_of(struct tree *tree, struct box *box, const struct frame *frame)
{
    char *name = frame_name(frame);
    struct box *callee;

    for (size_t i = 0; i < box->count; i++)
        if (strcmp(box->callees[i]->name, name) == 0) {
            free(name);
            return box->callees[i];
        }
    callee = allocate(1, sizeof *callee);
    callee->name = name;
    callee->frame = frame;
    callee->level = box->level + 1;
    add(&box->callees, &box->count, callee);
    add(&tree->boxes, &tree->count, callee);
    return callee;
}

/* Of a difference only what has grown can be drawn. */
static void plant(struct tree *tree, const struct trace *trace, bool is_total)
{
    int64_t bytes = bytes_of(&trace->figures, is_total);
    struct box *box = tree->boxes[0];

    if (bytes <= 0)
        return;
    box->bytes += bytes;
    for (size_t depth = trace->depth; depth-- > 0;) {
        box = callee_of(tree, box, trace->frames[depth]);
        box->bytes += bytes;
    }
}

static int compare_boxes(const void *left, const void *right)
{
    return strcmp((*(struct box *const *)left)->name, (*(struct box *const *)right)->name);
}

/* Puts them in their places; returns how many are on top of each other. */
static size_t arrange(struct tree *tree)
{
    struct box *root = tree->boxes[0];
    size_t highest = 0;

    root->x = EDGE;
    for (size_t i = 0; i < tree->count; i++) {
        struct box *box = tree->boxes[i];
        double x = box->x;

        if (box->count > 0)
            qsort(box->callees, box->count, sizeof(struct box *), compare_boxes);
        for (size_t j = 0; j < box->count; j++) {
            box->callees[j]->x = x;
            x += (WIDTH - 2 * EDGE) * (double)box->callees[j]->bytes / (double)root->bytes;
        }
        highest = box->level > highest ? box->level : highest;
    }
    return highest + 1;
}

static void fell(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->boxes[i]->callees);
        free(tree->boxes[i]->name);
        free(tree->boxes[i]);
    }
    free(tree->boxes);
}

/* ---- Drawing ---- */

struct drawing {
    FILE *file;
    double height;
    int64_t all;
};

/* From yellow to red, the same for each name. */
static void write_colour(FILE *to, const char *name)
{
    unsigned hash = 5381;

    for (; *name != '\0'; name++)
        hash = hash * 33 + (unsigned char)*name;
    fprintf(to, "rgb(%u,%u,%u)", 205 + hash % 50, 80 + hash / 50 % 140, hash / 7000 % 55);
}

static void write_text_of(const struct drawing *drawing, const struct box *box, double y,
                          double width)
{
    size_t columns = width > 4 * COLUMN ? (size_t)((width - COLUMN) / COLUMN) : 0;

    fprintf(drawing->file, "<text x=\"%.1f\" y=\"%.1f\">", box->x + 3, y + ROW - 5);
    if (columns > 0) {
        if (text_columns(box->name) <= columns) {
            xml_text(drawing->file, box->name);
        } else {
            char *fitting =
                text_format("%.*s..", (int)text_fitting(box->name, columns - 2), box->name);

            xml_text(drawing->file, fitting);
            free(fitting);
        }
    }
    fputs("</text>", drawing->file);
}

static void draw(const struct drawing *drawing, const struct box *box)
{
    double width = (WIDTH - 2 * EDGE) * (double)box->bytes / (double)drawing->all;
    double y = drawing->height - FOOT - ROW * (double)(box->level + 1);
    char *bytes = text_bytes((unsigned long long)box->bytes);

    if (width < NARROWEST) {
        free(bytes);
        return;
    }
    fputs("<g class=\"b\"><title>", drawing->file);
    xml_text(drawing->file, box->name);
    if (box->frame != NULL && box->frame->file != NULL) {
        fputs(" ", drawing->file);
        xml_text(drawing->file, box->frame->file);
        fprintf(drawing->file, ":%d", box->frame->line);
    }
    fprintf(drawing->file,
            ": %s, %.1f %%</title><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" "
            "rx=\"1\" fill=\"",
            bytes, 100 * (double)box->bytes / (double)drawing->all, box->x, y, width, ROW - 1);
    write_colour(drawing->file, box->name);
    fputs("\"/>", drawing->file);
    write_text_of(drawing, box, y, width);
    fputs("</g>\n", drawing->file);
    free(bytes);
}

/* Kept short: a click zooms, another on the lowest box goes back, a click on Search or Ctrl-F asks for a
 * regular expression. */
static const char script[] =
    "<script><![CDATA[\n"
    "const W = 1200, E = 10, C = 7;\n"
    "const boxes = [...document.querySelectorAll('.b')].map(g => {\n"
    "  const r = g.querySelector('rect'), t = g.querySelector('title').textContent;\n"
    "  return {g, r, text: g.querySelector('text'), x: +r.getAttribute('x'), w: "
    "+r.getAttribute('width'),\n"
    "          y: +r.getAttribute('y'), name: t.replace(/: [^:]*$/, ''), title: t};\n"
    "});\n"
    "function show(b, x, w) {\n"
    "  b.g.style.display = w < 0.3 ? 'none' : '';\n"
    "  b.r.setAttribute('x', x); b.r.setAttribute('width', w); b.text.setAttribute('x', x + 3);\n"
    "  const n = Math.floor((w - C) / C);\n"
    "  b.text.textContent = n < 3 ? '' : b.name.length <= n ? b.name : b.name.slice(0, n - 2) + "
    "'..';\n"
    "}\n"
    "function zoom(z) {\n"
    "  const f = (W - 2 * E) / z.w;\n"
    "  for (const b of boxes) {\n"
    "    const below = b.y > z.y && b.x <= z.x + 0.01 && b.x + b.w >= z.x + z.w - 0.01;\n"
    "    const inside = b.y <= z.y && b.x >= z.x - 0.01 && b.x + b.w <= z.x + z.w + 0.01;\n"
    "    if (below) show(b, E, W - 2 * E);\n"
    "    else if (inside) show(b, E + (b.x - z.x) * f, b.w * f);\n"
    "    else b.g.style.display = 'none';\n"
    "    b.g.style.opacity = below ? 0.5 : 1;\n"
    "  }\n"
    "}\n"
    "function search() {\n"
    "  const p = prompt('A regular expression to look for:', '');\n"
    "  if (p === null) return;\n"
    "  let re; try { re = new RegExp(p); } catch (e) { alert(e); return; }\n"
    "  const found = p === '' ? [] : boxes.filter(b => re.test(b.name));\n"
    "  for (const b of boxes) b.r.classList.toggle('found', found.includes(b));\n"
    "  let sum = 0, end = -1;\n"
    "  for (const b of found.slice().sort((a, b) => a.x - b.x || b.w - a.w))\n"
    "    if (b.x >= end - 0.01) { sum += b.w; end = b.x + b.w; }\n"
    "  document.getElementById('found').textContent =\n"
    "    p === '' ? '' : 'found: ' + (100 * sum / (W - 2 * E)).toFixed(1) + ' %';\n"
    "}\n"
    "for (const b of boxes) {\n"
    "  b.g.addEventListener('click', () => zoom(b));\n"
    "  b.g.addEventListener('mouseover', () => { document.getElementById('at').textContent = "
    "b.title; });\n"
    "}\n"
    "document.getElementById('search').addEventListener('click', search);\n"
    "window.addEventListener('keydown', e => {\n"
    "  if (e.key === 'f' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); search(); }\n"
    "});\n"
    "]]></script>\n";

static void write_head(const struct drawing *drawing, const char *title)
{
    fprintf(drawing->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\">\n<title>",
            WIDTH, drawing->height, WIDTH, drawing->height);
    xml_text(drawing->file, title);
    fputs("</title>\n<style>\n"
          "text { font: 12px monospace; fill: #111; pointer-events: none }\n"
          ".title { font: bold 15px sans-serif } .note { font: 12px sans-serif }\n"
          "#search { pointer-events: auto; cursor: pointer; text-decoration: underline }\n"
          ".b { cursor: pointer } .b:hover rect { stroke: #000 } .found { fill: #b040e0 }\n"
          "</style>\n"
          "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
          drawing->file);
    fprintf(drawing->file, "<text class=\"title\" x=\"%.0f\" y=\"24\">", EDGE);
    xml_text(drawing->file, title);
    fprintf(drawing->file,
            "</text>\n<text class=\"note\" id=\"search\" x=\"%.0f\" y=\"24\">Search</text>\n"
            "<text class=\"note\" id=\"found\" x=\"%.0f\" y=\"40\" text-anchor=\"end\"></text>\n"
            "<text class=\"note\" id=\"at\" x=\"%.0f\" y=\"%.0f\">a box is as wide as what a "
            "function and "
            "those that it calls hold; click to zoom</text>\n",
            WIDTH - EDGE - 50, WIDTH - EDGE, EDGE, drawing->height - 10);
}

int write_flame(FILE *to, const struct traces *traces, bool is_total, const char *title)
{
    struct box *root = allocate(1, sizeof *root);
    struct drawing drawing = {.file = to};
    struct tree tree = {0};

    root->name = text_format("all");
    add(&tree.boxes, &tree.count, root);
    for (size_t i = 0; i < traces->count; i++)
        plant(&tree, &traces->of[i], is_total);
    drawing.height = HEAD + FOOT + ROW * (double)arrange(&tree);
    drawing.all = root->bytes > 0 ? root->bytes : 1;
    write_head(&drawing, title);
    for (size_t i = 0; i < tree.count; i++)
        draw(&drawing, tree.boxes[i]);
    fputs(script, to);
    fputs("</svg>\n", to);
    fell(&tree);
    return ferror(to) ? -1 : 0;
}
