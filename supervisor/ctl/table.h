/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Columns of text, as wide as their widest cell; on a terminal that is too narrow the columns that may
 * shrink do, the last first. Without a legend there is no header, as scripts want it.
 */

#include <stdio.h>

#include "ctl/terminal.h"

typedef struct TableColumn {
        const char *title;
        bool right;         /* align numbers */
        unsigned width_min; /* 0: never shortened; else not below this */
} TableColumn;

#define TABLE_COLUMNS_MAX 12U

typedef struct TableCell {
        char *text; /* owned; fit for a terminal */
        Style style;
} TableCell;

typedef struct Table {
        const TableColumn *columns; /* borrowed */
        size_t n_columns;           /* at most TABLE_COLUMNS_MAX */
        TableCell *cells;           /* owned; row after row */
        size_t n_cells, n_allocated;
} Table;

/** table_add() - the next cell, left to right; @text (foreign, may be NULL) is copied and escaped */
int table_add(Table *table, Style style, const char *text);

/** table_print() - all rows, no blanks at the ends of lines. Return: 0 or -ENOMEM. */
int table_print(const Table *table, const Terminal *t, bool with_header, FILE *out);

void table_done(Table *table);
