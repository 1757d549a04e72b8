/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd reads of the store without asking us (supd/image-store.h): a record of each image, and the
 * list of names. Both are made from the OCI documents and follow them; whoever writes to the store puts
 * right what is missing, damaged, or was overtaken by another program's edit of index.json.
 */

#include "base/record.h"
#include "image/store/store.h"

/** image_record_put() - what a container needs of an image, with the keys of record/HEX */
void image_record_put(RecordWriter *w, const Manifest *m, const ImageConfig *c);

/** store_record_write() - record/HEX of an image whose documents are in the store; synced */
int store_record_write(Store *s, const Digest *manifest_digest, Error *error);

/**
 * store_record_check() - whether record/HEX is there and whole
 * @compare: also whether it says what the image's documents say
 *
 * Return: 1; 0 if it is missing, damaged or stale; negative errno.
 */
int store_record_check(const Store *s, const Digest *manifest_digest, bool compare, Error *error);

/** store_record_repair() - store_record_write() on its own; takes index.lock */
int store_record_repair(Store *s, const Digest *manifest_digest, Error *error);

/** store_names_check() - Return: 1 if names says what index.json says; 0; negative errno. Takes index.lock */
int store_names_check(const Store *s, Error *error);

/** store_names_write() - names, where it does not say what index.json says; index.lock is held */
int store_names_write(Store *s, Error *error);

/** store_records_refresh() - names and the records of all images, in use or listed; takes index.lock */
int store_records_refresh(Store *s, Error *error);
