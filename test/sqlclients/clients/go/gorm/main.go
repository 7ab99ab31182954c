// gorm STEP: GORM over pgx's database/sql driver.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

type author struct {
	ID    uint   `gorm:"primaryKey"`
	Name  string `gorm:"uniqueIndex;size:40;not null"`
	Score float64
	Books []book `gorm:"constraint:OnDelete:CASCADE"`
}

type book struct {
	ID       uint
	Title    string `gorm:"index"`
	AuthorID uint
}

type authorLater struct {
	ID   uint
	Name string `gorm:"uniqueIndex;type:text"`
	Born *string
}

func (authorLater) TableName() string { return "authors" }

func main() {
	if os.Args[1] == "version" {
		info, _ := debug.ReadBuildInfo()
		for _, d := range info.Deps {
			if d.Path == "gorm.io/gorm" {
				fmt.Println(d.Version[1:])
			}
		}
		return
	}
	db, err := gorm.Open(postgres.Open(""), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent), TranslateError: true})
	check(err)
	step := map[string]func(*gorm.DB){"connect": connect, "introspect": introspect, "migrate": migrate, "crud": crud, "transactions": transactions}[os.Args[1]]
	if step == nil {
		os.Exit(3)
	}
	step(db)
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func connect(db *gorm.DB) {
	var n int
	check(db.Raw("select ?::int + 1", 41).Scan(&n).Error)
	fmt.Println(n, db.Migrator().CurrentDatabase() != "")
}

func introspect(db *gorm.DB) {
	types, err := db.Migrator().ColumnTypes("shop.customer")
	check(err)
	slices.SortFunc(types, func(a, b gorm.ColumnType) int { return strings.Compare(a.Name(), b.Name()) }) // GORM asks for no order
	for _, c := range types {
		length, hasLength := c.Length()
		null, _ := c.Nullable()
		key, _ := c.PrimaryKey()
		unique, _ := c.Unique()
		comment, _ := c.Comment()
		fmt.Println(c.Name(), c.DatabaseTypeName(), length, hasLength, null, key, unique, comment)
	}
	indexes, err := db.Migrator().GetIndexes("shop.invoice")
	check(err)
	slices.SortFunc(indexes, func(a, b gorm.Index) int { return strings.Compare(a.Name(), b.Name()) })
	for _, x := range indexes {
		key, _ := x.PrimaryKey()
		unique, _ := x.Unique()
		fmt.Println(x.Name(), x.Columns(), key, unique)
	}
}

func migrate(db *gorm.DB) {
	m := db.Migrator()
	check(db.AutoMigrate(&author{}, &book{}))
	check(db.AutoMigrate(&author{}, &book{}))
	check(db.AutoMigrate(&authorLater{}))
	fmt.Println(m.HasTable("authors"), m.HasColumn(&authorLater{}, "Born"), m.HasIndex(&book{}, "Title"), m.HasConstraint(&author{}, "Books"))
	check(m.RenameColumn(&authorLater{}, "born", "birth"))
	check(m.DropColumn("authors", "birth"))
}

func crud(db *gorm.DB) {
	check(db.Create([]*author{{Name: "ann", Books: []book{{Title: "a"}, {Title: "b"}}}, {Name: "bob", Score: 1.5}}).Error)
	check(db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"score"})}).Create(&author{Name: "bob", Score: 9}).Error)
	var all []author
	check(db.Preload("Books", func(tx *gorm.DB) *gorm.DB { return tx.Order("id") }).Order("name").Find(&all).Error)
	fmt.Println(all)
	up := db.Model(&author{}).Where("name = ?", "ann").Update("score", gorm.Expr("score + ?", 2))
	fmt.Println(up.RowsAffected, up.Error)
	var gone []book
	check(db.Clauses(clause.Returning{}).Where("title in ?", []string{"a", "z"}).Delete(&gone).Error)
	var n int64
	check(db.Model(&book{}).Count(&n).Error)
	fmt.Println(gone, n)
}

func transactions(db *gorm.DB) {
	err := db.Transaction(func(tx *gorm.DB) error {
		check(tx.Create(&author{Name: "cy"}).Error)
		inner := tx.Transaction(func(tx *gorm.DB) error { return tx.Create(&author{Name: "cy"}).Error })
		fmt.Println(errors.Is(inner, gorm.ErrDuplicatedKey))
		var locked author
		return tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("name = ?", "cy").First(&locked).Error
	})
	fmt.Println(err)
	err = db.Create(&book{Title: "x", AuthorID: 999}).Error
	fmt.Println(errors.Is(err, gorm.ErrForeignKeyViolated))
}
