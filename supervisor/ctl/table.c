/* SPDX-License-Identifier: MIT */
#include "ctl/table.h"

#include <string.h>

#define GAP 1U /* columns between columns */

int table_add(Table *table, Style style, const char *text) {
        if (table->n_cells == table->n_allocated) {
                size_t n = MAX(2 * table->n_allocated, (size_t) 64);
                void *bigger = reallocarray(table->cells, n, sizeof(TableCell));
                if (!bigger)
                        return -ENOMEM;
                table->cells = bigger;
                table->n_allocated = n;
        }

        char *escaped = terminal_text(text);
        if (!escaped)
                return -ENOMEM;
        table->cells[table->n_cells++] = (TableCell) { .text = escaped, .style = style };
        return 0;
}

/* Natural widths, then what is too much taken from the columns that may shrink, the last first. */
static void fit(const Table *table, const Terminal *t, bool with_header, unsigned *widths) {
        unsigned total = 0;

        for (size_t c = 0; c < table->n_columns; c++)
                widths[c] = with_header ? (unsigned) text_width(table->columns[c].title) : 0;
        for (size_t i = 0; i < table->n_cells; i++) {
                unsigned *width = &widths[i % table->n_columns];
                *width = MAX(*width, (unsigned) text_width(table->cells[i].text));
        }
        for (size_t c = 0; c < table->n_columns; c++)
                total += widths[c] + (c > 0 ? GAP : 0);

        for (size_t c = table->n_columns; c-- > 0 && t->width != WIDTH_UNLIMITED;) {
                unsigned least = table->columns[c].width_min;
                if (total <= t->width || least == 0 || widths[c] <= least)
                        continue;

                unsigned cut = MIN(total - t->width, widths[c] - least);
                widths[c] -= cut;
                total -= cut;
        }
}

static int print_cell(const Table *table,
                const Terminal *t,
                size_t column,
                const TableCell *cell,
                unsigned width,
                FILE *out) {
        _cleanup_free_ char *text = text_ellipsize(t, cell->text, width);
        bool last = column + 1 == table->n_columns;

        if (!text)
                return -ENOMEM;

        unsigned used = (unsigned) text_width(text);
        int padding = (int) (width > used ? width - used : 0);
        bool right = table->columns[column].right;

        fprintf(out,
                        "%*s%s%s%s",
                        right ? padding : 0,
                        "",
                        style_on(t, cell->style),
                        text,
                        style_off(t, cell->style));
        if (last)
                fputc('\n', out);
        else
                fprintf(out, "%*s", (right ? 0 : padding) + (int) GAP, "");
        return 0;
}

static int print_header(const Table *table, const Terminal *t, const unsigned *widths, FILE *out) {
        for (size_t c = 0; c < table->n_columns; c++) {
                /* Titles are constants; the cell is only lent. */
                TableCell cell = { .text = (char *) table->columns[c].title,
                        .style = STYLE_HEADER };
                int r = print_cell(table, t, c, &cell, widths[c], out);
                if (r < 0)
                        return r;
        }
        return 0;
}

int table_print(const Table *table, const Terminal *t, bool with_header, FILE *out) {
        unsigned widths[TABLE_COLUMNS_MAX];
        int r = 0;

        assert(table->n_columns <= TABLE_COLUMNS_MAX);
        assert(table->n_cells % table->n_columns == 0);

        fit(table, t, with_header, widths);
        if (with_header)
                r = print_header(table, t, widths, out);
        for (size_t i = 0; r >= 0 && i < table->n_cells; i++) {
                size_t column = i % table->n_columns;
                r = print_cell(table, t, column, &table->cells[i], widths[column], out);
        }
        return r;
}

void table_done(Table *table) {
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i].text);
        free(table->cells);
        *table = (Table) {};
}
