package azurerbac

// like matches a text with a pattern in which "*" stands for any characters,
// "?" for one, and a backslash before either takes its meaning away. What else
// a backslash means is not documented.
func like(text, pattern string) answer {
	p, ok := likeTokens(pattern)
	if !ok {
		return unsure
	}
	return answerOf(matchLike([]rune(text), p))
}

const (
	anyOne  rune = -1
	anyMany rune = -2
)

func likeTokens(pattern string) ([]rune, bool) {
	var tokens []rune
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped && r != '*' && r != '?':
			return nil, false
		case escaped:
			escaped = false
			tokens = append(tokens, r)
		case r == '\\':
			escaped = true
		case r == '?':
			tokens = append(tokens, anyOne)
		case r == '*':
			tokens = append(tokens, anyMany)
		default:
			tokens = append(tokens, r)
		}
	}
	return tokens, !escaped
}

// matchLike goes back to the last star only, so that its time is at most the
// product of the lengths.
func matchLike(text, pattern []rune) bool {
	t, p, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == anyMany:
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == anyOne || pattern[p] == text[t]):
			t++
			p++
		case star >= 0:
			from++
			t, p = from, star+1
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyMany {
		p++
	}
	return p == len(pattern)
}
