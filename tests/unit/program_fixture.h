// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TEST_PROGRAM_FIXTURE_H
#define AWSTAP_TEST_PROGRAM_FIXTURE_H

/*
 * Copy the program called name from one folder into another, where the test can move its clock
 * without moving any other's. It must succeed; the copy is the caller's to unlink().
 */
void program_copy(const char *name, const char *from_folder, const char *to_folder);

#endif
