package gcpiam

import "strings"

// ParseEffectiveTags reads a page of effectiveTags.list of Resource Manager,
// which has the tags that a resource has or inherits.
//
// https://cloud.google.com/resource-manager/reference/rest/v3/effectiveTags
func ParseEffectiveTags(data []byte) ([]Tag, error) {
	var page struct {
		EffectiveTags []struct{ TagKey, TagValue, NamespacedTagKey, NamespacedTagValue string }
	}
	if err := decode("effective tags", data, &page); err != nil {
		return nil, err
	}
	var tags []Tag
	for _, t := range page.EffectiveTags {
		// The namespaced value is the namespaced key, a slash and the short name.
		value, ok := strings.CutPrefix(t.NamespacedTagValue, t.NamespacedTagKey+"/")
		if !ok || t.NamespacedTagKey == "" {
			value = ""
		}
		tags = append(tags, Tag{Key: t.NamespacedTagKey, Value: value, KeyID: t.TagKey, ValueID: t.TagValue})
	}
	return tags, nil
}
