// Package secret finds credentials in text: in the files of an image, in its
// configuration and in its build steps.
//
// One pass over the bytes finds the keywords of all rules at once; a rule's
// expression and its validator look only at the surroundings of a keyword.
// Precision comes before recall: a token is found when its checksum, its
// structure or its alphabet and length are right, a private key when it
// decodes, and the examples of manuals never.
//
// A value that was found never leaves the package: what is kept of it is a
// [Hash] under a key of the installation, which tells that two places hold the
// same secret and nothing else.
package secret
