/* SPDX-License-Identifier: MIT */
#pragma once

/* Between the files of calendar expressions: calendar.c reads and writes them, calendar-next.c looks for times. */

#include <stdbool.h>

#include "unitfile/calendar.h"

#define CALENDAR_YEAR_MIN 1970
#define CALENDAR_OPEN (-1) /* no end */
#define CALENDAR_USEC 1000000

/* One of "1,5..9/2,20/5". */
typedef struct CalendarPart {
        int start, stop; /* CALENDAR_OPEN: as far as there are such */
        int step;        /* 0: start alone */
} CalendarPart;

typedef enum CalendarFieldId {
        CALENDAR_YEAR,
        CALENDAR_MONTH, /* from 1 */
        CALENDAR_DAY,   /* from 1 */
        CALENDAR_HOUR,
        CALENDAR_MINUTE,
        CALENDAR_SECOND, /* in microseconds */
        _CALENDAR_FIELD_MAX,
} CalendarFieldId;

typedef struct CalendarField {
        CalendarPart *parts; /* owned; sorted; none: any */
        size_t n_parts;
} CalendarField;

struct Calendar {
        unsigned weekdays; /* bit 0: Monday; 0: any */
        CalendarField fields[_CALENDAR_FIELD_MAX];
        bool from_month_end; /* days are counted backwards: 1 is the last one */
        char *zone;          /* owned; NULL: the machine's own */
        bool utc;
        int summer; /* of the machine's own zone: 1 in daylight saving time, 0 out of it; -1: both */
};
